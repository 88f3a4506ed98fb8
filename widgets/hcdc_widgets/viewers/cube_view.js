// Frames come as binary floats, one by one; everything else happens here.
const CACHE_BYTES = 64e6;
const STRETCH = {
  linear: (v) => v,
  asinh: (v) => Math.asinh(20 * v) / Math.asinh(20),
  log: (v) => Math.log1p(1000 * v) / Math.log1p(1000),
};
// Every view has a copy of this module: the ids of its controls need a part of their own.
const OWN = Math.random().toString(36).slice(2);
let serial = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function labelled(words, control) {
  control.id = `hcdc-${OWN}-${(serial += 1)}`;
  const label = element("label", { for: control.id }, words);
  return element("span", { class: "hcdc-control" }, label, control);
}

function select(options) {
  return element("select", {}, ...options.map((text) => element("option", { value: text }, text)));
}

function slider(count, words) {
  const made = element("input", { type: "range", min: 0, max: Math.max(0, count - 1), step: 1 });
  made.setAttribute("aria-label", words);
  return made;
}

function svg(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// The last frames seen, the oldest dropped first.
class FrameCache {
  constructor(frameBytes) {
    this.room = Math.max(4, Math.floor(CACHE_BYTES / frameBytes));
    this.frames = new Map();
  }
  get(key) {
    const found = this.frames.get(key);
    if (found) {
      this.frames.delete(key);
      this.frames.set(key, found);
    }
    return found;
  }
  put(key, value) {
    this.frames.set(key, value);
    if (this.frames.size > this.room) this.frames.delete(this.frames.keys().next().value);
  }
}

function colors(model, name) {
  const raw = model.get("color_tables");
  const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
  const start = 768 * model.get("choices").color_map.indexOf(name);
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const j = start + 3 * i;
    table[i] = 0xff000000 | (bytes[j + 2] << 16) | (bytes[j + 1] << 8) | bytes[j];
  }
  return table;
}

function paint(context, pixels, shape, limits, stretch, table) {
  const [height, width] = shape;
  const image = context.createImageData(width, height);
  const out = new Uint32Array(image.data.buffer);
  const [low, high] = limits;
  const lookup = Uint32Array.from({ length: 1025 }, (_, i) =>
    table[Math.min(255, Math.floor(stretch(i / 1024) * 255.999))]);
  for (let y = 0; y < height; y += 1) {
    const row = (height - 1 - y) * width;
    for (let x = 0; x < width; x += 1) {
      const share = (pixels[y * width + x] - low) / (high - low);
      out[row + x] = Number.isNaN(share)
        ? 0xff808080
        : lookup[Math.round(Math.min(1, Math.max(0, share)) * 1024)];
    }
  }
  context.putImageData(image, 0, 0);
}

function build(model, el) {
  const [nWave, nTime, height, width] = model.get("shape");
  const choices = model.get("choices");
  const canvas = element("canvas", { width, height, tabindex: 0, role: "img" });
  const star = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const ui = {
    canvas,
    star,
    frame: slider(nTime, "frame"),
    wave: slider(nWave, "wavelength"),
    play: element("button", { type: "button", "aria-pressed": "false" }, "\u25b6 Play"),
    stretch: select(choices.stretch),
    cut: select(choices.cut),
    color_map: select(choices.color_map),
    mark: element("input", { type: "checkbox" }),
    state: element("output", { "aria-live": "off" }),
    readout: element("output", { class: "hcdc-readout", "aria-live": "polite" }, "\u00a0"),
    low: element("span"),
    high: element("span"),
    bar: element("canvas", { width: 256, height: 1, "aria-hidden": "true" }),
  };
  const frameRow = element("div", { class: "hcdc-row" },
    labelled("Frame", ui.frame), ui.play, ui.state);
  const waveRow = element("div", { class: "hcdc-row" }, labelled("Wavelength", ui.wave));
  frameRow.hidden = nTime < 2;
  waveRow.hidden = nWave < 2;
  el.classList.add("hcdc-viewer");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", `${model.get("title")}, image viewer`);
  el.append(
    element("div", { class: "hcdc-title" }, model.get("title")),
    element("div", { class: "hcdc-stage", style: `aspect-ratio: ${width} / ${height}` },
      canvas, star),
    element("div", { class: "hcdc-scale" }, ui.low, ui.bar, ui.high),
    ui.readout, frameRow, waveRow,
    element("div", { class: "hcdc-row" },
      labelled("Stretch", ui.stretch), labelled("Cuts", ui.cut),
      labelled("Colors", ui.color_map), labelled("Mark star", ui.mark)),
    element("p", { class: "hcdc-hint" },
      "Arrow keys on the image: left and right change the frame, up and down the wavelength;",
      " space plays."),
  );
  return ui;
}

function render({ model, el }) {
  const [nWave, nTime, height, width] = model.get("shape");
  const ui = build(model, el);
  const context = ui.canvas.getContext("2d");
  const cache = new FrameCache(4 * width * height);
  const asked = new Set();
  let timer = null;

  const key = (wave, frame) => `${wave}/${frame}`;
  const current = () => cache.get(key(model.get("wave"), model.get("frame")));
  function need(wave, frame) {
    const name = key(wave, frame);
    if (cache.get(name) || asked.has(name)) return;
    asked.add(name);
    model.send({ kind: "need", wave, frame });
  }
  function set(name, value) {
    model.set(name, value);
    model.save_changes();
    draw();
  }
  function markStar(xy) {
    ui.star.replaceChildren();
    if (!model.get("mark_star") || !xy) return;
    const [x, y] = [xy[0] + 0.5, height - 0.5 - xy[1]];
    const size = Math.max(width, height) / 40;
    for (const [stroke, wide] of [["#000", 3.5], ["#fff", 1.5]]) {
      const d = `M${x - 2 * size} ${y}h${size}m${2 * size} 0h${size}` +
        `M${x} ${y - 2 * size}v${size}m0 ${2 * size}v${size}`;
      ui.star.append(svg("path", { d, stroke, fill: "none", "stroke-width": wide,
        "vector-effect": "non-scaling-stroke" }));
    }
  }
  function words() {
    const [frame, wave] = [model.get("frame"), model.get("wave")];
    const parts = [];
    if (nTime > 1) parts.push(`frame ${frame + 1} of ${nTime}`);
    parts.push(model.get("frame_labels")[frame]);
    if (nWave > 1) parts.push(model.get("wave_labels")[wave]);
    return parts.join(", ");
  }
  function draw() {
    const [frame, wave] = [model.get("frame"), model.get("wave")];
    ui.frame.value = frame;
    ui.wave.value = wave;
    ui.stretch.value = model.get("stretch");
    ui.color_map.value = model.get("color_map");
    ui.cut.selectedIndex = model.get("cut");
    ui.mark.checked = model.get("mark_star");
    ui.state.value = words();
    ui.wave.setAttribute("aria-valuetext", model.get("wave_labels")[wave]);
    ui.frame.setAttribute("aria-valuetext", words());
    ui.canvas.setAttribute("aria-label", `${model.get("title")}, ${words()}`);
    const limits = model.get("limits")[wave][model.get("cut")];
    const table = colors(model, model.get("color_map"));
    const unit = model.get("unit");
    [ui.low.textContent, ui.high.textContent] =
      [limits[0].toPrecision(3), `${limits[1].toPrecision(3)} ${unit}`];
    const ramp = Float32Array.from({ length: 256 }, (_, i) => i / 255);
    paint(ui.bar.getContext("2d"), ramp, [1, 256], [0, 1], STRETCH[model.get("stretch")], table);
    const shown = current();
    if (!shown) {
      need(wave, frame);
      return;
    }
    paint(context, shown.pixels, [height, width], limits, STRETCH[model.get("stretch")], table);
    markStar(shown.star);
    el.dataset.drawn = key(wave, frame);
    if (nTime > 1) need(wave, (frame + 1) % nTime);
  }
  function turn(name, count, by) {
    set(name, (model.get(name) + by + count) % count);
  }
  function play() {
    const start = timer === null;
    if (start) timer = setInterval(() => current() && turn("frame", nTime, 1), 150);
    else clearInterval(timer);
    if (!start) timer = null;
    ui.play.setAttribute("aria-pressed", String(start));
    ui.play.textContent = start ? "\u275a\u275a Pause" : "\u25b6 Play";
  }
  function receive(message, buffers) {
    if (message.kind !== "frame") return;
    const raw = buffers[0];
    const bytes = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
    const name = key(message.wave, message.frame);
    asked.delete(name);
    cache.put(name, { pixels: new Float32Array(bytes), star: message.star });
    if (name === key(model.get("wave"), model.get("frame"))) draw();
  }
  const keys = {
    ArrowRight: () => turn("frame", nTime, 1),
    ArrowLeft: () => turn("frame", nTime, -1),
    ArrowUp: () => turn("wave", nWave, 1),
    ArrowDown: () => turn("wave", nWave, -1),
    " ": () => nTime > 1 && play(),
  };
  ui.canvas.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  ui.canvas.addEventListener("mousemove", (event) => {
    const shown = current();
    const box = ui.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = height - 1 - Math.floor(((event.clientY - box.top) / box.height) * height);
    if (!shown || x < 0 || y < 0 || x >= width || y >= height) return;
    const value = shown.pixels[y * width + x];
    const text = Number.isNaN(value) ? "no data" : `${value.toPrecision(5)} ${model.get("unit")}`;
    ui.readout.value = `x ${x}, y ${y}: ${text}`;
  });
  ui.frame.addEventListener("input", () => set("frame", Number(ui.frame.value)));
  ui.wave.addEventListener("input", () => set("wave", Number(ui.wave.value)));
  ui.stretch.addEventListener("change", () => set("stretch", ui.stretch.value));
  ui.cut.addEventListener("change", () => set("cut", ui.cut.selectedIndex));
  ui.color_map.addEventListener("change", () => set("color_map", ui.color_map.value));
  ui.mark.addEventListener("change", () => set("mark_star", ui.mark.checked));
  ui.play.addEventListener("click", play);
  model.on("msg:custom", receive);
  model.on("change", draw);
  draw();
  return () => {
    clearInterval(timer);
    model.off("msg:custom", receive);
    model.off("change", draw);
  };
}

export default { render };
