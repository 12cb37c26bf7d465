/**
 * What the browser keeps for us. In a frame of another site it may refuse to, and even to be asked: then nothing is kept,
 * and everything works for as long as the page is open.
 */
export function keptIn(which: "localStorage" | "sessionStorage") {
  const storage = (): Storage | undefined => {
    try {
      return globalThis[which];
    } catch {
      return undefined;
    }
  };
  return {
    read: (key: string): string | null => storage()?.getItem(key) ?? null,
    write: (key: string, text: string): void => { storage()?.setItem(key, text); },
    drop: (key: string): void => { storage()?.removeItem(key); },
  };
}
