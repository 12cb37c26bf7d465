import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { settle } from "./api/scope";
import { density } from "./app/density";
import { makeClient } from "./app/queries";
import { theme } from "./app/theme";
import { makeRouter } from "./routes";
import "./styles.css";

theme.show();
density.show();
// Before the router reads the address.
settle();

const client = makeClient();

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
