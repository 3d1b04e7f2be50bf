// Counts deadlines down, by the clock of the server.

let ahead = 0; // ms that the server's clock is ahead of ours

export function learnTime(instant) {
  const theirs = Date.parse(instant ?? "");
  if (!Number.isNaN(theirs)) ahead = theirs - Date.now();
}

function left(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000), seconds = Math.floor((Math.abs(ms) % 60000) / 1000);
  const hours = Math.floor(minutes / 60);
  const clock = `${String(minutes % 60).padStart(2, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${clock}` : clock;
}

export function draw() {
  for (const timer of document.querySelectorAll("[data-deadline]")) {
    const ms = Date.parse(timer.dataset.deadline) - Date.now() - ahead;
    timer.querySelector(".left").textContent = left(ms);
    timer.querySelector(".how").textContent = ms < 0 ? "OVER, since" : ms < 900000 ? "HURRY, left" : "left";
    timer.classList.add("ticking");
    timer.classList.toggle("over", ms < 0);
    timer.classList.toggle("soon", ms >= 0 && ms < 900000);
  }
}

setInterval(draw, 1000);
