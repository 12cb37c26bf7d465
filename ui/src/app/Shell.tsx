import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleHelp, CircleUser, LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun } from "lucide-react";
import { clsx } from "clsx";
import { Suspense, useCallback, useEffect, useState, useSyncExternalStore } from "react";

import { api, data } from "@/api/client";
import { here, textOf } from "@/api/scope";
import { IconButton } from "@/kit/Button";
import { Keys } from "@/kit/Keys";
import { Menu } from "@/kit/Menu";
import { Skeleton } from "@/kit/States";
import { Toasts } from "@/kit/Toasts";
import { paths } from "@/paths";

import { Due } from "./Due";
import { live } from "./live";
import { Mark } from "./Mark";
import { PLACES } from "./navigation";
import { NewScope } from "./NewScope";
import { Offline, STANDINGS, useStanding } from "./Offline";
import { Palette } from "./Palette";
import { ScopeSwitch } from "./ScopeSwitch";
import { session } from "./session";
import { Shortcuts } from "./Shortcuts";
import { theme } from "./theme";

/** What is around every page: where one is, where one can go, whether the server is there. */
export function Shell() {
  const client = useQueryClient();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [places, setPlaces] = useState<"wide" | "narrow" | null>(null);
  const [newPlace, setNewPlace] = useState(false);
  const changePlace = useCallback(() => { setPlaces(matchMedia("(min-width: 64rem)").matches ? "wide" : "narrow"); }, []);
  // In narrow windows the navigation lies over one page, and goes with it.
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [openAt, setOpenAt] = useState<string | null>(null);
  const narrow = openAt === path;
  useEffect(() => live.start(client), [client]);
  return (
    <div className="flex h-full">
      <a href="#page" className="absolute top-2 left-2 z-50 -translate-y-20 rounded-base bg-accent px-3 py-1.5 text-accent-ink focus:translate-y-0">
        Skip to the page
      </a>
      {narrow ? <button type="button" aria-label="Close navigation" className="fixed inset-0 z-20 bg-ink/30 lg:hidden" onClick={() => { setOpenAt(null); }} /> : null}
      <aside
        className={clsx(
          "fixed inset-y-0 left-0 z-30 flex w-56 shrink-0 flex-col border-r bg-sunken transition-transform duration-150 ease-out lg:static lg:translate-x-0",
          narrow ? "translate-x-0 shadow-high" : "-translate-x-full max-lg:invisible",
        )}
      >
        <div className="flex h-12 items-center gap-2 px-4">
          <Mark />
          <span className="text-large font-semibold tracking-tight">Fishplate</span>
        </div>
        <div className="mx-3 mb-2">
          <ScopeSwitch open={places === "wide"} onOpenChange={(open) => { setPlaces(open ? "wide" : null); }} onNew={() => { setNewPlace(true); }} />
        </div>
        <button
          type="button"
          onClick={() => { setPalette(true); }}
          className="mx-3 mb-2 flex h-8 items-center gap-2 rounded-base border bg-surface px-2 text-ink-faint shadow-low hover:border-line-strong"
        >
          <Search size={14} aria-hidden />
          <span className="min-w-0 flex-1 truncate text-left">Search or do…</span>
          <Keys keys="Mod+K" />
        </button>
        <nav aria-label="Main" className="flex-1 overflow-y-auto px-3 pb-3">
          {PLACES.map((group) => (
            <div key={group.name ?? "first"} className="mb-3">
              {group.name === null ? null : <h2 className="px-2 pt-1 pb-1 text-tiny font-medium text-ink-faint">{group.name}</h2>}
              <ul className="flex flex-col gap-px">
                {group.places.map((place) => (
                  <li key={place.to}>
                    <Link
                      to={place.to}
                      activeOptions={{ exact: place.to === "/" }}
                      className="flex h-7.5 items-center gap-2.5 rounded-base px-2 text-ink-soft hover:bg-line/50 hover:text-ink"
                      activeProps={{ className: "bg-surface! text-ink! font-medium shadow-low", "aria-current": "page" }}
                    >
                      <place.icon size={15} aria-hidden className="shrink-0" />
                      {place.name}
                      <Due at={place.to} />
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <Foot onHelp={() => { setHelp(true); }} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="flex h-12 items-center gap-2 border-b px-3 lg:hidden">
          <IconButton name="Navigation" icon={<MenuIcon size={17} />} onClick={() => { setOpenAt(path); }} />
          <ScopeSwitch narrow open={places === "narrow"} onOpenChange={(open) => { setPlaces(open ? "narrow" : null); }} onNew={() => { setNewPlace(true); }} />
          <IconButton name="Search" icon={<Search size={16} />} onClick={() => { setPalette(true); }} />
        </header>
        <Offline onPlaces={changePlace} />
        <main id="page" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto outline-none">
          <Suspense fallback={<Skeleton lines={8} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Palette open={palette} onOpenChange={setPalette} onHelp={() => { setHelp(true); }} onPlaces={changePlace} onNewPlace={() => { setNewPlace(true); }} />
      <NewScope open={newPlace} onOpenChange={setNewPlace} />
      <Shortcuts open={help} onOpenChange={setHelp} />
      <Toasts />
    </div>
  );
}

/** Who is signed in, where, and how things look. */
function Foot({ onHelp }: { onHelp: () => void }) {
  const navigate = useNavigate();
  const me = useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: Infinity });
  const chosen = useSyncExternalStore(theme.subscribe, theme.read);
  const standing = STANDINGS[useStanding()];
  return (
    <div className="border-t px-3 py-2">
      <div className="flex items-center gap-1">
        <Menu
          trigger={
            <button type="button" className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-base px-2 text-left hover:bg-line/50">
              <span aria-hidden className={clsx("size-2 shrink-0 rounded-full", standing.dot)} />
              <span className="min-w-0 flex-1">
                <span className="block truncate leading-4 font-medium">{me.data?.user?.name ?? me.data?.actor ?? "…"}</span>
                <span className="block truncate text-tiny text-ink-faint">
                  {textOf(here)} · {standing.word}
                </span>
              </span>
            </button>
          }
          acts={[
            { name: "Light", icon: <Sun size={14} />, do: () => { theme.set("light"); }, refused: chosen === "light" ? "Light is on" : undefined },
            { name: "Dark", icon: <Moon size={14} />, do: () => { theme.set("dark"); }, refused: chosen === "dark" ? "Dark is on" : undefined },
            { name: "As the system", icon: <Monitor size={14} />, do: () => { theme.set("system"); }, refused: chosen === "system" ? "The system decides" : undefined },
            "line",
            { name: "Your account", icon: <CircleUser size={14} />, do: () => void navigate({ to: paths.account }) },
            { name: "Sign out", icon: <LogOut size={14} />, do: () => void session.signOut() },
          ]}
        />
        <IconButton name="Keyboard shortcuts" keys="?" icon={<CircleHelp size={15} />} onClick={onHelp} />
      </div>
    </div>
  );
}
