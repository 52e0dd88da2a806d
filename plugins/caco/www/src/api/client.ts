/** The typed client of the pages' own API, made of `openapi.json`; every answer that is no success is a `RequestError`. */

import { QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createClient from "openapi-react-query";

import type { components, paths } from "src/api/schema";
import { airflowBase } from "src/parts/paths";

export type Schemas = components["schemas"];

/** What the server said instead of an answer: its status and its sentence. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }

  static async of(response: Response): Promise<RequestError> {
    const body: unknown = await response.json().catch(() => null);
    const detail = typeof body === "object" && body !== null && "detail" in body ? body.detail : null;
    const sentence = typeof detail === "string" ? detail : `${response.status} ${response.statusText}`;
    return new RequestError(response.status, sentence);
  }
}

/** Leads to Airflow's login and, after it, back to where one was. */
function askForLogin(): void {
  const base = airflowBase();
  const here = globalThis.location;
  const login = new URL("api/v2/auth/login", base);
  login.searchParams.set("next", here.pathname + here.search);
  here.replace(login.href);
}

const refuse: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) askForLogin();
    throw await RequestError.of(response);
  },
  onError({ error }) {
    if (error instanceof RequestError || (error instanceof DOMException && error.name === "AbortError")) return;
    return new RequestError(0, "The connection was lost, or Airflow is not running. The page tries again by itself.");
  },
};

const base = airflowBase();
const fetchClient = createFetchClient<paths>({
  baseUrl: `${base.href.replace(/\/$/, "")}/caco`,
  credentials: "include",
});
fetchClient.use(refuse);

export const api = createClient(fetchClient);

/** Airflow mounts the pages anew at every change of path, so what was loaded is kept beside them. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (tries, error) =>
        tries < 2 && error instanceof RequestError && (error.status === 0 || error.status === 502),
    },
  },
});

/** How often a page that shows something under way looks again. */
export const LIVE_MS = 5_000;
