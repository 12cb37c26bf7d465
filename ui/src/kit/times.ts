const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or how soon, in few letters: "now", "4 min ago", "in 2 h". */
export function relative(at: number, now: number): string {
  const gap = Math.abs(now - at);
  if (gap < 10_000) return "now";
  const amount =
    gap < MINUTE
      ? `${String(Math.floor(gap / 1000))} s`
      : gap < HOUR
        ? `${String(Math.floor(gap / MINUTE))} min`
        : gap < 2 * DAY
          ? `${String(Math.floor(gap / HOUR))} h`
          : `${String(Math.floor(gap / DAY))} d`;
  return at > now ? `in ${amount}` : `${amount} ago`;
}

/** A length of time with two digits that matter: "7 µs", "12 ms", "3.4 s", "2 min 5 s". */
export function duration(micros: number): string {
  if (micros < 1_000) return `${String(Math.round(micros))} µs`;
  const millis = micros / 1000;
  if (millis < 10) return `${millis.toFixed(1)} ms`;
  if (millis < 1000) return `${String(Math.round(millis))} ms`;
  const seconds = millis / 1000;
  if (seconds < 59.5) return `${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(whole % 60)} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** How long something took of which begin and end are known to the millisecond. */
export function between(begin: number, end: number): string {
  return end - begin < 1 ? "< 1 ms" : duration((end - begin) * 1000);
}

/** A count as people read it. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** One item, two items. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes in units of 1,024. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 10 || unit === 0 ? String(Math.round(size)) : size.toFixed(1)} ${units[unit] ?? ""}`;
}
