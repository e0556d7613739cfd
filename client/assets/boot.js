import init from "/{{client}}";

init({ module_or_path: "/{{wasm}}" }).catch((error) => {
  const main = document.getElementById("main");
  const text = document.createElement("p");
  text.className = "noscript";
  text.setAttribute("role", "alert");
  text.textContent = "Hubbub could not start in this browser. A current Firefox, Chrome, Edge or Safari can run it.";
  main.replaceChildren(text);
  console.error(error);
});

if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register("/service-worker.js").catch(() => {});
}
