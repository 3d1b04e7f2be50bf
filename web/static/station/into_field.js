// The camera as a scanner for one field of a form: a badge at the sign-in, the code of a station. A browser without
// this script shows no button for it, and the field takes a scanner or typing as ever.

import { isOurs, unprefixed } from "./codes.js";

function given(room, text) {
  const { into, wants, what } = room.dataset;
  if (!isOurs(text) || !unprefixed(text).toUpperCase().startsWith(wants)) {
    room.querySelector("[role=status]").textContent = `This is not ${what}. Show ${what}.`;
    return;
  }
  const form = room.closest("form");
  form.elements[into].value = text;
  room.querySelector("button").click(); // its work is done
  const next = [...form.elements].find((one) => one.required && !one.value);
  if (next) next.focus();
  else form.requestSubmit();
}

for (const room of document.querySelectorAll("[data-into]")) {
  const [button, camera] = room.children;
  button.addEventListener("click", async () => {
    const { toggle } = await import("./camera.js"); // loaded only when somebody asks for it
    toggle({ button, room: camera, script: room.dataset.reader, wasm: room.dataset.wasm, take: (text) => given(room, text) });
  });
  room.hidden = false;
}
