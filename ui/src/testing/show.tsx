import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

import { makeClient } from "@/app/queries";
import { Toasts } from "@/kit/Toasts";

/** Shows a page at an address, with all that is around it in the app but the shell; whatever else it leads to is empty. */
export function showPage(Page: () => ReactNode, path: string, at: string = path, validateSearch?: (search: Record<string, unknown>) => object, inside = true) {
  const root = createRootRoute({ component: Outlet, notFoundComponent: () => <p>Elsewhere</p> });
  const shell = createRoute({ getParentRoute: () => root, id: "shell", component: () => <><Outlet /><Toasts /></> });
  // The sign-in stands outside of the shell.
  const page = createRoute({ getParentRoute: () => (inside ? shell : root) as typeof shell, path, component: Page, ...(validateSearch === undefined ? {} : { validateSearch }) });
  const router = createRouter({ routeTree: root.addChildren(inside ? [shell.addChildren([page])] : [page as never]), history: createMemoryHistory({ initialEntries: [at] }) });
  const client = makeClient();
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retry: false } });
  const view = render(
    <QueryClientProvider client={client}>
      <Tooltip.Provider>
        {/* The app's own router has other routes; a page only knows its own. */}
        <RouterProvider router={router as never} />
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
  return { ...view, client, router, user: userEvent.setup() };
}
