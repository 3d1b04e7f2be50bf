// What is shown once goes with the page: neither reload nor back shows it again, nor a page that the browser kept.
const shown = document.querySelector("[data-once]");
if (shown) {
  history.replaceState(null, "", shown.dataset.once);
  addEventListener("pagehide", () => shown.remove());
}
