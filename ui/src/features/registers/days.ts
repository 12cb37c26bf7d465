//! Days such as `2027-03-01`, without a time and a zone.

const LENGTH = 86_400_000;

const numberOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / LENGTH;

/** Whether a text is a day. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(numberOf(text)) && dayOf(numberOf(text)) === text;
}

function dayOf(number: number): string {
  return new Date(number * LENGTH).toISOString().slice(0, 10);
}

/** So many days later, or earlier. */
export function addDays(day: string, count: number): string {
  return dayOf(numberOf(day) + count);
}

/** Days from one to another; less than 0 when the other is before it. */
export function daysBetween(from: string, to: string): number {
  return numberOf(to) - numberOf(from);
}

/** The day that it is here. */
export function today(now: Date = new Date()): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
