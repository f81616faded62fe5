// The face of the labelling tool: draws what the kernel says, and sends what a person decides.
// `model` is anywidget's, or anything else with get(), on() and send(); so the same file can play on a page without a kernel.

const make = (tag, name, text = "") => {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
};

function render({ model, el }) {
  const root = make("div", "labeller");
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", "Label pictures by keyboard");
  const frame = make("div", "labeller-frame");
  const picture = make("img", "labeller-picture");
  const lost = make("p", "labeller-lost");
  frame.append(picture, lost);
  const side = make("div", "labeller-side");
  const where = make("p", "labeller-where");
  const bar = make("progress", "labeller-bar");
  bar.setAttribute("aria-label", "Pictures labelled");
  const classes = make("div", "labeller-classes");
  classes.setAttribute("role", "group");
  classes.setAttribute("aria-label", "Classes");
  const said = make("p", "labeller-said");
  said.setAttribute("role", "status");
  const help = make("p", "labeller-help", "Click here once, then use the keys. ← → look around, S skip, U undo.");
  const moves = make("div", "labeller-moves");
  side.append(where, bar, classes, moves, said, help);
  root.append(frame, side);
  el.append(root);

  let waiting = false; // a decision is on its way to the disk: keys wait for the next picture
  let last = "";
  const ask = (message) => {
    if (waiting) return;
    waiting = true;
    model.send({ path: model.get("shown").path, ...message });
  };
  const decide = (label) => {
    last = label;
    ask({ do: "label", label });
  };
  const buttons = new Map();
  for (const [key, name] of model.get("choices")) {
    const button = make("button", "labeller-class");
    button.type = "button";
    button.append(make("kbd", "", key), make("span", "", name));
    button.addEventListener("click", () => decide(name));
    buttons.set(name, button);
    classes.append(button);
  }
  const actions = { back: "← back", forth: "→ skip", undo: "U undo" };
  for (const [action, text] of Object.entries(actions)) {
    const button = make("button", "labeller-move", text);
    button.type = "button";
    button.addEventListener("click", () => ask({ do: action }));
    moves.append(button);
  }

  const keys = new Map(model.get("choices").map(([key, name]) => [key, () => decide(name)]));
  const others = { ArrowLeft: "back", ArrowRight: "forth", s: "forth", u: "undo", Backspace: "undo" };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = keys.get(key) ?? (key in others ? () => ask({ do: others[key] }) : null);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook has commands on the same keys
    act();
  };
  root.addEventListener("keydown", press);

  const draw = () => {
    const shown = model.get("shown");
    waiting = false;
    picture.hidden = !shown.picture;
    if (shown.picture) picture.src = shown.picture;
    picture.alt = `Picture ${shown.position} of ${shown.total}, to be labelled`;
    lost.textContent = shown.picture ? "" : "no picture";
    where.textContent = `${shown.path} (${shown.position} of ${shown.total})`;
    bar.max = shown.total;
    bar.value = shown.done;
    for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === shown.label));
    const saved = `${shown.done} of ${shown.total} labelled and saved${last ? `, the last as ${last}` : ""}`;
    said.textContent = shown.message || (shown.done === shown.total ? `All ${shown.total} are labelled. Thank you.` : saved);
    said.classList.toggle("labeller-wrong", shown.message.startsWith("NOT SAVED"));
    root.dataset.path = shown.path;
    root.dataset.done = String(shown.done);
  };
  model.on("change:shown", draw);
  draw();
  return () => model.off?.("change:shown", draw);
}

export default { render };
