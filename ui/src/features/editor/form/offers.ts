//! Lists of values that a service offers for a parameter, asked for while the form is filled in.

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { createContext, use, useEffect, useRef, useState } from "react";

import type { Json, JsonObject } from "../../../canvas/graph/json";
import type { Choice } from "../calls";
import { RunContext } from "../run";
import { textOf } from "./Cell";
import { ParamsContext } from "./tables";

/** The node whose form it is, as far as lists depend on it. */
export interface Offer {
  readonly type: string;
  readonly connections: Readonly<Record<string, string>>;
}
export const OfferContext = createContext<Offer | undefined>(undefined);

/** Pause in typing after which the list is asked for. */
const PAUSE = 300;

/** Labels that lists told, by list and value: a chosen value is shown by its label as long as the page is open. */
const labels = new Map<string, string>();

/** A list by its node type, its parameter whatever the row, its account and what it depends on. */
export function listKey(offer: Offer | undefined, pointer: string, depends: JsonObject): string {
  return JSON.stringify([offer?.type, pointer.replace(/\/\d+(?=\/|$)/g, "/-"), offer?.connections, depends]);
}

/** The parameters that the list depends on. */
export function dependsOn(from: readonly string[], params: JsonObject): JsonObject {
  return Object.fromEntries(from.flatMap((name) => { const value = params[name]; return value === undefined ? [] : [[name, value]]; }));
}

/** The label of a value, if a list has told it. */
export function labelIn(key: string, value: Json | undefined): string | undefined {
  return labels.get(`${key} ${textOf(value)}`);
}

/** The list of a parameter; it is asked for only while it is open. */
export function useOffers({ pointer, from, search, open }: { readonly pointer: string; readonly from: readonly string[]; readonly search: string; readonly open: boolean }) {
  const { calls } = use(RunContext);
  const offer = use(OfferContext);
  const depends = dependsOn(from, use(ParamsContext));
  const key = listKey(offer, pointer, depends);
  const sought = search.trim();
  const [settled, setSettled] = useState(sought);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(sought), sought === "" ? 0 : PAUSE);
    return () => clearTimeout(timer);
  }, [sought]);
  const fresh = useRef(false);
  const query = useInfiniteQuery({
    queryKey: ["node-choices", key, settled],
    queryFn: async ({ pageParam }) => {
      const anew = fresh.current;
      fresh.current = false;
      const page = await calls?.choices({
        type: offer?.type ?? "",
        parameter: pointer,
        params: depends,
        connections: offer?.connections ?? {},
        ...(settled === "" ? {} : { search: settled }),
        ...(pageParam === "" ? {} : { cursor: pageParam }),
        ...(anew ? { fresh: true } : {}),
      });
      for (const { value, label } of page?.items ?? []) labels.set(`${key} ${textOf(value)}`, label);
      return page ?? { items: [] };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextCursor,
    enabled: open && calls !== undefined && offer !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  });
  const choices: readonly Choice[] = query.data?.pages.flatMap((page) => page.items) ?? [];
  /** What is shown belongs to other words than those that stand there. */
  const behind = settled !== sought || query.isPlaceholderData;
  return { key, query, choices, behind, again: () => { fresh.current = true; void query.refetch(); } };
}
