import { api, data } from "@/api/client";

/** A consent that was begun in another window. */
export interface Began {
  /** When it was connected before. */
  before: number | null;
  /** The service's page, for those whose browser opens no window. */
  location: string;
}

/**
 * A window for the service's page. It is opened at once when somebody has pressed a button, or browsers take it for one that
 * nobody asked for. The service's page must not reach this one.
 */
export function openWindow(): Window | null {
  const opened = window.open("about:blank", "_blank", "popup,width=640,height=780");
  if (opened !== null) opened.opener = null;
  return opened;
}

/** Asks for a consent, and leads the window to the service's page; a consent that cannot be begun leaves no empty window. */
export async function beginConsent(name: string, before: number | null, opened: Window | null): Promise<Began> {
  try {
    const { location } = await data(api.POST("/api/v1/connections/{name}/authorize", { params: { path: { name } } }));
    if (opened !== null) opened.location.replace(location);
    return { before, location };
  } catch (error) {
    opened?.close();
    throw error;
  }
}
