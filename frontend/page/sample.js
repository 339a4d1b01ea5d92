/** A picture to try it with, drawn anew each time: hills at dusk, as large as a camera's. */

const WIDTH = 4000;
const HEIGHT = 2667;
const HILLS = 7;

/**
 * @param {number} seed the same gives the same hills
 * @returns {Promise<File>} a JPEG
 */
export async function samplePicture(seed) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser draws no pictures.");
  const random = randomFrom(seed);
  const hue = 190 + Math.floor(random() * 140);
  sky(context, hue, random);
  for (let hill = 0; hill < HILLS; hill++) paintHill(context, hill, hue, random);
  grain(context, random);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  if (!blob) throw new Error("This browser draws no pictures.");
  return new File([blob], "Hills at dusk.jpg", { type: "image/jpeg" });
}

/** @param {CanvasRenderingContext2D} context @param {number} hue @param {() => number} random */
function sky(context, hue, random) {
  const light = context.createLinearGradient(0, 0, 0, HEIGHT * 0.8);
  light.addColorStop(0, `hsl(${hue + 20} 45% 30%)`);
  light.addColorStop(0.6, `hsl(${hue - 15} 60% 68%)`);
  light.addColorStop(1, `hsl(${hue - 40} 85% 84%)`);
  context.fillStyle = light;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const x = WIDTH * (0.2 + 0.6 * random());
  const y = HEIGHT * (0.3 + 0.15 * random());
  const glow = context.createRadialGradient(x, y, 0, x, y, WIDTH * 0.4);
  glow.addColorStop(0, `hsl(${hue - 40} 100% 92% / 0.95)`);
  glow.addColorStop(0.12, `hsl(${hue - 40} 100% 88% / 0.5)`);
  glow.addColorStop(1, `hsl(${hue - 40} 100% 80% / 0)`);
  context.fillStyle = glow;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = `hsl(${hue - 40} 100% 96%)`;
  context.beginPath();
  context.arc(x, y, WIDTH * 0.028, 0, 2 * Math.PI);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number} hill from the farthest @param {number} hue @param {() => number} random */
function paintHill(context, hill, hue, random) {
  const near = hill / (HILLS - 1);
  const base = HEIGHT * (0.48 + 0.42 * near);
  const waves = [1, 2.3, 5.1, 11].map((pitch, order) => ({
    pitch: (pitch * (1.2 + random())) / WIDTH,
    height: (HEIGHT * (0.05 + 0.06 * near)) / (order + 1) ** 1.8,
    phase: random() * 2 * Math.PI,
  }));
  context.fillStyle = `hsl(${hue - 25 + 45 * near} ${38 - 8 * near}% ${62 - 52 * near}%)`;
  context.beginPath();
  context.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 8) {
    const y = waves.reduce((sum, wave) => sum + wave.height * Math.sin(2 * Math.PI * wave.pitch * x + wave.phase), base);
    context.lineTo(x, y);
  }
  context.lineTo(WIDTH, HEIGHT);
  context.fill();
}

/** As film has it, and as encoders dislike it. @param {CanvasRenderingContext2D} context @param {() => number} random */
function grain(context, random) {
  const tile = new OffscreenCanvas(512, 512);
  const inside = tile.getContext("2d");
  if (!inside) return;
  const noise = inside.createImageData(512, 512);
  for (let byte = 0; byte < noise.data.length; byte += 4) {
    noise.data.fill(random() < 0.5 ? 0 : 255, byte, byte + 3);
    noise.data[byte + 3] = random() * 40;
  }
  inside.putImageData(noise, 0, 0);
  const pattern = context.createPattern(tile, "repeat");
  if (!pattern) return;
  context.fillStyle = pattern;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

/** Mulberry32, by Tommy Ettinger (public domain). @param {number} seed @returns {() => number} from 0 up to 1 */
function randomFrom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
