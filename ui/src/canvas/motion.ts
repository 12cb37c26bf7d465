//! Whether the canvas is being moved, and what is drawn meanwhile.
//!
//! Cards and edges come into sight a row or a column at once. Drawn all in one frame, that frame comes late and the canvas
//! jerks. While it moves they wait for their turn, a few in each frame; a resting canvas draws everything at once.

import { useStoreApi } from "@xyflow/react";
import { createContext, use, useEffect, useState } from "react";

/** A pause as long as this is rest. A hand that drags pauses for a few frames at most. */
const REST = 180;
/** How many are drawn in one frame while it moves: what takes the slowest machine we know a third of one. */
const EACH_FRAME = 4;

type Transform = readonly [number, number, number];

export class Motion {
  #moving = false;
  #frame = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting = new Set<() => void>();

  /** `onChange` hears of the beginning and of the end of a movement. */
  constructor(private readonly onChange: (moving: boolean) => void = () => undefined) {}

  get moving(): boolean {
    return this.#moving;
  }

  /** The canvas stands elsewhere now. Nearer or farther off is no movement: all that is seen becomes another picture then. */
  moved(now: Transform, before: Transform): void {
    if (now[2] !== before[2]) return this.#end();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => { this.#end(); }, REST);
    if (this.#moving) return;
    this.#moving = true;
    this.onChange(true);
  }

  /** Calls back when it is this one's turn; gives what takes it out of the queue. */
  wait(turn: () => void): () => void {
    this.#waiting.add(turn);
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#next);
    return () => { this.#waiting.delete(turn); };
  }

  stop(): void {
    clearTimeout(this.#rest);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#waiting.clear();
  }

  readonly #next = (): void => {
    this.#frame = 0;
    let left = this.#moving ? EACH_FRAME : this.#waiting.size;
    for (const turn of this.#waiting) {
      if (left === 0) break;
      left -= 1;
      this.#waiting.delete(turn);
      turn();
    }
    if (this.#waiting.size > 0) this.#frame = requestAnimationFrame(this.#next);
  };

  #end(): void {
    clearTimeout(this.#rest);
    if (!this.#moving) return;
    this.#moving = false;
    this.onChange(false);
  }
}

export const MotionContext = createContext<Motion | null>(null);

/** The motion of the canvas around. */
export function useMotion(): Motion {
  const store = useStoreApi();
  // Said by style alone: a class that React knows of would render the whole canvas.
  const [motion] = useState(() => new Motion((moving) => { store.getState().domNode?.classList.toggle("ed-moving", moving); }));
  useEffect(() => {
    const unsubscribe = store.subscribe((now, before) => { if (now.transform !== before.transform) motion.moved(now.transform, before.transform); });
    return () => {
      unsubscribe();
      motion.stop();
    };
  }, [store, motion]);
  return motion;
}

/** Whether it is this one's turn to be drawn. */
export function useTurn(): boolean {
  const motion = use(MotionContext);
  const [due, setDue] = useState(() => motion?.moving !== true);
  useEffect(() => (due ? undefined : motion?.wait(() => { setDue(true); })), [due, motion]);
  return due;
}
