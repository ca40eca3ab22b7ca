// Before the first paint: the theme that was chosen on this machine, if one was.
try {
  document.documentElement.dataset.theme = localStorage.getItem("lur.theme") || "auto";
} catch {
  document.documentElement.dataset.theme = "auto"; // storage is switched off
}
