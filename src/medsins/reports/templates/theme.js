"use strict";
document.documentElement.classList.add("js");
try {
  const chosen = localStorage.getItem("medsins-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* storage may be off for files; the system's theme then holds */ }
