// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Motion } from "./motion";

beforeEach(() => { vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame", "cancelAnimationFrame"] }); });
afterEach(() => { vi.useRealTimers(); });

const frame = () => { vi.advanceTimersToNextFrame(); };

describe("a canvas that moves", () => {
  it("is at rest again a moment after the last move, and says both once", () => {
    const heard: boolean[] = [];
    const motion = new Motion((moving) => { heard.push(moving); });
    for (let x = 1; x < 30; x += 1) {
      motion.moved([x, 0, 1], [x - 1, 0, 1]);
      frame();
    }
    expect([motion.moving, heard]).toEqual([true, [true]]);
    vi.runAllTimers();
    expect([motion.moving, heard]).toEqual([false, [true, false]]);
  });

  it("takes another zoom for no movement: what is drawn at one blurs at another", () => {
    const motion = new Motion();
    motion.moved([1, 0, 1], [0, 0, 1]);
    motion.moved([1, 0, 1.2], [1, 0, 1]);
    expect(motion.moving).toBe(false);
  });

  it("draws what comes into sight a few at a time, in the order in which it came", () => {
    const motion = new Motion();
    const drawn: number[] = [];
    motion.moved([1, 0, 1], [0, 0, 1]);
    for (let card = 0; card < 10; card += 1) motion.wait(() => { drawn.push(card); });
    expect(drawn).toEqual([]);
    frame();
    expect(drawn).toEqual([0, 1, 2, 3]);
    frame();
    frame();
    expect(drawn).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("draws all that waits once it rests, but for what has left", () => {
    const motion = new Motion();
    const drawn: number[] = [];
    motion.moved([1, 0, 1], [0, 0, 1]);
    const leave = Array.from({ length: 40 }, (_, card) => motion.wait(() => { drawn.push(card); }));
    leave[39]?.();
    vi.advanceTimersByTime(1_000);
    expect(drawn).toHaveLength(39);
  });
});
