import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";

import { baseOf, here, isPortal, PORTAL } from "./api/scope";
import { session } from "./app/session";
import { Shell } from "./app/Shell";
import { NoPage } from "./app/NoPage";
import { Failure } from "./kit/States";
import { ownPath, paths } from "./paths";
import { arrivalFilter } from "./resource/arrivalFilter";
import { deliveryFilter } from "./resource/deliveryFilter";
import { integrationView, secretView, vendorView } from "./resource/registerViews";
import { runFilter } from "./resource/runFilter";
import { runPlace } from "./resource/runPlace";
import { tableView } from "./resource/tableView";

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next: string; refused?: string } => ({
    next: ownPath(search["next"]),
    ...(typeof search["refused"] === "string" && search["refused"] !== "" ? { refused: search["refused"].slice(0, 500) } : {}),
  }),
  component: lazyRouteComponent(() => import("./features/signin/SignInPage"), "SignInPage"),
});

/** Where one-time links lead. */
const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  component: lazyRouteComponent(() => import("./features/signin/JoinPage"), "JoinPage"),
});

/** Where customers look after their own webhooks, with a pass in place of an account. */
const portal = createRoute({
  getParentRoute: () => root,
  path: PORTAL,
  component: lazyRouteComponent(() => import("./features/portal/PortalPage"), "PortalPage"),
});

/** Everything behind the sign-in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    await session.find();
    // The router's own redirection is thrown by design.
    if (!session.signedIn) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

const page = <P extends string>(path: P, load: () => Promise<Record<string, React.ComponentType>>, name: string) =>
  createRoute({ getParentRoute: () => shell, path, component: lazyRouteComponent(load, name) });

const home = page(paths.home, () => import("./features/home/HomePage"), "HomePage");
const workflows = createRoute({
  getParentRoute: () => shell,
  path: paths.workflows,
  validateSearch: (search: Record<string, unknown>): { find?: string; label?: string; group?: string } => ({
    ...(typeof search["group"] === "string" ? { group: search["group"] } : {}),
    ...(typeof search["find"] === "string" && search["find"] !== "" ? { find: search["find"] } : {}),
    ...(typeof search["label"] === "string" && search["label"] !== "" ? { label: search["label"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./features/workflows/WorkflowsPage"), "WorkflowsPage"),
});
const workflow = page(paths.workflow, () => import("./features/versions/WorkflowPage"), "WorkflowPage");
const editor = createRoute({
  getParentRoute: () => shell,
  path: paths.editor,
  validateSearch: (search: Record<string, unknown>): { into?: string; node?: string } => ({
    ...(typeof search["into"] === "string" && search["into"] !== "" ? { into: search["into"] } : {}),
    ...(typeof search["node"] === "string" && search["node"] !== "" ? { node: search["node"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./features/editor/EditorPage"), "EditorPage"),
});
const runs = createRoute({
  getParentRoute: () => shell,
  path: paths.runs,
  validateSearch: runFilter.readSearch,
  component: lazyRouteComponent(() => import("./features/runs/RunsPage"), "RunsPage"),
});
const run = createRoute({
  getParentRoute: () => shell,
  path: paths.run,
  validateSearch: runPlace.read,
  component: lazyRouteComponent(() => import("./features/runs/RunPage"), "RunPage"),
});
const waiting = page(paths.waiting, () => import("./features/waiting/WaitingPage"), "WaitingPage");
const connections = page(paths.connections, () => import("./features/connections/ConnectionsPage"), "ConnectionsPage");
const connection = page(paths.connection, () => import("./features/connections/ConnectionPage"), "ConnectionPage");
const variables = page(paths.variables, () => import("./features/variables/VariablesPage"), "VariablesPage");
const tables = page(paths.data, () => import("./features/data/DataPage"), "DataPage");
const table = createRoute({
  getParentRoute: () => shell,
  path: paths.table,
  validateSearch: tableView.read,
  component: lazyRouteComponent(() => import("./features/data/TablePage"), "TablePage"),
});
const subscribers = page(paths.subscribers, () => import("./features/webhooks/SubscribersPage"), "SubscribersPage");
const subscriber = page(paths.subscriber, () => import("./features/webhooks/SubscriberPage"), "SubscriberPage");
const eventTypes = page(paths.eventTypes, () => import("./features/webhooks/EventTypesPage"), "EventTypesPage");
const deliveries = createRoute({
  getParentRoute: () => shell,
  path: paths.deliveries,
  validateSearch: (search: Record<string, unknown>) => deliveryFilter.read(search),
  component: lazyRouteComponent(() => import("./features/webhooks/DeliveriesPage"), "DeliveriesPage"),
});
const cameIn = createRoute({
  getParentRoute: () => shell,
  path: paths.cameIn,
  validateSearch: (search: Record<string, unknown>) => arrivalFilter.read(search),
  component: lazyRouteComponent(() => import("./features/webhooks/CameInPage"), "CameInPage"),
});
const endpoints = page(paths.endpoints, () => import("./features/webhooks/EndpointsPage"), "EndpointsPage");
const portalLinks = page(paths.portalLinks, () => import("./features/webhooks/PortalLinkPage"), "PortalLinkPage");
const integrations = createRoute({
  getParentRoute: () => shell,
  path: paths.integrations,
  validateSearch: integrationView.read,
  component: lazyRouteComponent(() => import("./features/registers/IntegrationsPage"), "IntegrationsPage"),
});
const vendors = createRoute({
  getParentRoute: () => shell,
  path: paths.vendors,
  validateSearch: vendorView.read,
  component: lazyRouteComponent(() => import("./features/registers/VendorsPage"), "VendorsPage"),
});
const vendor = page(paths.vendor, () => import("./features/registers/VendorPage"), "VendorPage");
const evaluations = page(paths.evaluations, () => import("./features/registers/EvaluationsPage"), "EvaluationsPage");
const evaluation = page(paths.evaluation, () => import("./features/registers/EvaluationPage"), "EvaluationPage");
const secrets = createRoute({
  getParentRoute: () => shell,
  path: paths.secrets,
  validateSearch: secretView.read,
  component: lazyRouteComponent(() => import("./features/registers/SecretsPage"), "SecretsPage"),
});
const audit = page(paths.audit, () => import("./features/audit/AuditPage"), "AuditPage");
const people = page(paths.people, () => import("./features/people/PeoplePage"), "PeoplePage");
const account = page(paths.account, () => import("./features/account/AccountPage"), "AccountPage");
const access = page(paths.access, () => import("./features/access/AccessPage"), "AccessPage");
const settings = page(paths.settings, () => import("./features/settings/SettingsPage"), "SettingsPage");
/** A place inside a page, and what is searched there. */
const within = (search: Record<string, unknown>): { at?: string; find?: string } => ({
  ...(typeof search["at"] === "string" && search["at"] !== "" ? { at: search["at"] } : {}),
  ...(typeof search["find"] === "string" && search["find"] !== "" ? { find: search["find"] } : {}),
});
const reference = createRoute({
  getParentRoute: () => shell,
  path: paths.reference,
  validateSearch: within,
  component: lazyRouteComponent(() => import("./features/reference/ReferencePage"), "ReferencePage"),
});
const help = createRoute({
  getParentRoute: () => shell,
  path: paths.help,
  validateSearch: within,
  component: lazyRouteComponent(() => import("./features/help/HelpPage"), "HelpPage"),
});
const gallery = page(paths.gallery, () => import("./features/gallery/GalleryPage"), "GalleryPage");

const tree = root.addChildren([
  signIn,
  join,
  portal,
  shell.addChildren([
    home,
    workflows,
    workflow,
    editor,
    runs,
    run,
    waiting,
    connections,
    connection,
    variables,
    tables,
    table,
    subscribers,
    subscriber,
    eventTypes,
    deliveries,
    cameIn,
    endpoints,
    portalLinks,
    integrations,
    vendors,
    vendor,
    evaluations,
    evaluation,
    secrets,
    audit,
    people,
    account,
    access,
    settings,
    reference,
    help,
    gallery,
  ]),
]);

export function makeRouter(client: QueryClient) {
  const router = createRouter({
    routeTree: tree,
    basepath: isPortal(location.pathname) ? "/" : baseOf(here),
    context: { client },
    defaultPreload: "intent",
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
    defaultNotFoundComponent: NoPage,
    scrollRestoration: true,
  });
  // Who is signed out sees the sign-in page, and comes back to where they were.
  session.subscribe(() => {
    void router.invalidate();
  });
  return router;
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
