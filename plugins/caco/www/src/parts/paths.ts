/** Where things are: paths inside Airflow's router, which knows Airflow's own prefix. */

export const ROOT = "/plugin/caco";

export type Filters = Record<string, string | number | boolean | null | undefined>;

/** Filters as the address holds them; what is empty is left out. */
export function queryText(filters: Filters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    if (value != null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

export const pagePath = (page: string, filters: Filters = {}) => `${ROOT}/${page}${queryText(filters)}`;
export const runPath = (runId: string) => `${ROOT}/runs/${encodeURIComponent(runId)}`;
export const samplePath = (sampleId: string) => `${ROOT}/samples/${encodeURIComponent(sampleId)}`;
export const samplesPath = (filters: Filters) => `${ROOT}/samples${queryText(filters)}`;
export const comparePath = (a: string, b: string) => `${ROOT}/runs/compare${queryText({ a, b })}`;
export const modelPath = (modelId: string) => `${ROOT}/models/${encodeURIComponent(modelId)}`;
export const scoresPath = (runId: string) => `${ROOT}/scores/${encodeURIComponent(runId)}`;

/** A dataset is named `name/version`, and so is its address. */
export function datasetPath(dataset: string): string {
  return `${ROOT}/datasets/${dataset.split("/").map(encodeURIComponent).join("/")}`;
}

/** Where Airflow's pages are served, with a slash at the end. */
export function airflowBase(): URL {
  return new URL(document.querySelector("base")?.getAttribute("href") ?? "/", globalThis.location.origin);
}

/** What is served beside the pages, for links that leave the router: downloads. */
export function apiUrl(path: string, filters: Filters = {}): string {
  return `${airflowBase().pathname.replace(/\/$/, "")}/caco/api/v1${path}${queryText(filters)}`;
}
