import { expect, test } from "vitest";

import { SHOP } from "../../canvas/graph/samples";
import { News } from "./news";

const saved = { by: "user:ada", publisher: undefined, revision: undefined, conflicts: [], arrived: ["greet"] };

test("a person who keeps typing is news once, and again after a rest", () => {
  const news = new News();
  expect(news.tell(saved, SHOP, 0)).toBe("ada saved meanwhile and changed Greet. Both are kept.");
  expect(news.tell(saved, SHOP, 5_000)).toBeUndefined();
  expect(news.tell({ ...saved, by: "user:grace" }, SHOP, 6_000)).toContain("grace");
  expect(news.tell(saved, SHOP, 24_000)).toBeUndefined();
  expect(news.tell(saved, SHOP, 60_000)).toContain("ada");
});

test("a publication is told apart from a draft that was dropped", () => {
  const news = new News();
  news.published(4);
  const gone = { by: undefined, publisher: "user:ada", conflicts: [], arrived: [] };
  expect(news.tell({ ...gone, revision: 5 }, SHOP, 0)).toBe("ada published it as revision 5.");
  expect(news.tell({ ...gone, revision: 5 }, SHOP, 0)).toBe("ada dropped the draft: this is revision 5 again.");
});
