/** Light in the three primaries of sRGB, linear, 0 to 1. */
export type Linear = readonly [number, number, number];

/** A colour as the tokens are written: `oklch(52% 0.018 225)`, without transparency. */
export function parseOklch(text: string): Linear | undefined {
  const found = /^oklch\(\s*([\d.]+)%\s+([\d.]+)\s+([\d.]+)\s*\)$/.exec(text.trim());
  if (found === null) return undefined;
  const [lightness, chroma, hue] = [Number(found[1]) / 100, Number(found[2]), (Number(found[3]) * Math.PI) / 180];
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  // The matrices are those of Björn Ottosson's definition of Oklab.
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clamp = (value: number): number => Math.min(1, Math.max(0, value));
  return [
    clamp(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clamp(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clamp(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** A colour as people pick it: `#rrggbb`. */
export function parseHex(text: string): Linear | undefined {
  const found = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text.trim());
  if (found === null) return undefined;
  const linear = (hex: string | undefined): number => {
    const share = parseInt(hex ?? "0", 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return [linear(found[1]), linear(found[2]), linear(found[3])];
}

/** The contrast of two colours as WCAG 2 counts it, 1 to 21. */
export function contrast(one: Linear, other: Linear): number {
  const [bright, dim] = [one, other].map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b).sort((a, b) => b - a);
  return ((bright ?? 0) + 0.05) / ((dim ?? 0) + 0.05);
}

/** Which text stands on which ground. Whoever pairs tokens anew adds the pair here. */
export const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...["ink", "ink-soft", "ink-faint", "accent", "good", "busy", "wait", "bad"].flatMap((text) => ["ground", "surface", "sunken", "raised"].map((ground) => [text, ground] as const)),
  ["accent-ink", "accent"],
  ["ink", "accent-soft"],
  ["ink", "bad-soft"],
  ["ink-soft", "bad-soft"],
  ...["good", "busy", "wait", "bad"].map((tone) => [tone, `${tone}-soft`] as const),
];
