// The labelling tool without a kernel: decisions are kept in the page, and nowhere else.
// `items` are [path, picture as an address]; the model has what labeller.js asks of one.

export function playing(items, choices) {
  const labels = new Map();
  const undo = [];
  const listeners = [];
  let place = 0;
  let message = "";
  const next = () => {
    const order = [...items.keys()].map((step) => (place + 1 + step) % items.length);
    place = order.find((one) => !labels.has(items[one][0])) ?? place;
  };
  const act = {
    label: ({ path, label }) => {
      if (path !== items[place][0]) return;
      undo.push([place, labels.get(path)]);
      labels.set(path, label);
      next();
    },
    undo: () => {
      if (!undo.length) return;
      const [back, before] = undo.pop();
      place = back;
      if (before === undefined) labels.delete(items[place][0]);
      else labels.set(items[place][0], before);
      message = "taken back";
    },
    back: () => (place = (place + items.length - 1) % items.length),
    forth: () => (place = (place + 1) % items.length),
  };
  return {
    get(name) {
      if (name === "choices") return choices;
      const [path, picture] = items[place];
      const label = labels.get(path) ?? "";
      return { path, picture, label, position: place + 1, total: items.length, done: labels.size, message };
    },
    on: (event, listener) => listeners.push(listener),
    send(asked) {
      message = "";
      act[asked.do]?.(asked);
      for (const listener of listeners) listener();
    },
  };
}
