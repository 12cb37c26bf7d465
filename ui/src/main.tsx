import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Refusal } from "./api/problem";
import { settle } from "./api/scope";
import { density } from "./app/density";
import { theme } from "./app/theme";
import { makeRouter } from "./routes";
import "./styles.css";

theme.start();
density.start();
// Before the router reads the address.
settle();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server has refused it refuses again; only a lost connection is worth another try.
      retry: (tries, error) => error instanceof Refusal && error.offline && tries < 3,
    },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Tooltip.Provider delayDuration={350}>
        <RouterProvider router={makeRouter(client)} />
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
);
