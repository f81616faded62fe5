// Starts a deck: formulae first, then every slide is made to fit, then reveal.js takes over.
"use strict";

const WIDTH = 1280, HEIGHT = 720, FOOT = 15, SMALLEST = 0.5;

// MathJax reads this when it loads, which it does after this file.
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], displayMath: [["$$", "$$"], ["\\[", "\\]"]], processEscapes: true },
  svg: { fontCache: "local" },        // the window with the speaker notes has no share in a common cache
  options: { enableMenu: false },     // parts of the menu would be loaded from elsewhere
  startup: {
    pageReady: () => MathJax.startup.defaultPageReady().then(start),
  },
};

// A slide a little too high gets smaller type: better than a slide that ends below the screen.
function fit() {
  for (const slide of document.querySelectorAll(".slides section")) {
    if (slide.querySelector("section")) continue;
    const cells = [...slide.children].filter((child) => !child.matches("aside"));
    for (let size = 1; size >= SMALLEST && tooLarge(slide); size -= 0.05) {
      cells.forEach((cell) => { cell.style.zoom = size; });
    }
  }
}

function tooLarge(slide) {
  return slide.scrollHeight > HEIGHT - FOOT || slide.scrollWidth > WIDTH;
}

function start() {
  // The window with the speaker notes knows no style that hides them: each formula would be there twice.
  document.querySelectorAll("aside.notes mjx-assistive-mml").forEach((hidden) => hidden.remove());
  return document.fonts.ready.then(() => {
    fit();
    document.body.classList.remove("measuring");
    return Reveal.initialize({
      width: WIDTH, height: HEIGHT, margin: 0, center: false, hash: true, transition: "none",
      slideNumber: "c/t", pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
      // Inside a player or the explorer, keys are its own.
      keyboardCondition: (event) => !event.composedPath().some((node) => node.dataset && node.dataset.lmSuppressShortcuts),
      plugins: [RevealNotes],
    });
  });
}
