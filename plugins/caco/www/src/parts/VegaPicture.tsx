/** Draws a Vega-Lite specification in Airflow's light or dark, as wide as there is room. It never loads anything. */

import { useEffect, useRef, useState } from "react";
import embed, { type VisualizationSpec } from "vega-embed";

/** Whether Airflow's page is dark now, and when that changes. */
function useIsDark(): boolean {
  const read = () => document.documentElement.classList.contains("dark");
  const [isDark, setDark] = useState(read);
  useEffect(() => {
    const observer = new MutationObserver(() => setDark(read()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    return () => observer.disconnect();
  }, []);
  return isDark;
}

/** Refuses every address: all data stand in the specification. */
const CLOSED_LOADER = {
  load: () => Promise.reject(new Error("Pictures load nothing.")),
  sanitize: () => Promise.reject(new Error("Pictures link to nothing.")),
  http: () => Promise.reject(new Error("Pictures load nothing.")),
  file: () => Promise.reject(new Error("Pictures load nothing.")),
};

/** As wide as its place, where it is one picture and not several beside each other. */
function fitted(specification: Record<string, unknown>): Record<string, unknown> {
  const isOne = "mark" in specification || "layer" in specification;
  return isOne
    ? { ...specification, width: "container", autosize: { type: "fit-x", contains: "padding" } }
    : specification;
}

export default function VegaPicture({ specification }: { specification: Record<string, unknown> }) {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  const [failure, setFailure] = useState("");
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const text = isDark ? "#d4d4d8" : "#3f3f46";
    const line = isDark ? "#3f3f46" : "#e4e4e7";
    const drawn = embed(element, fitted(specification) as unknown as VisualizationSpec, {
      actions: false,
      renderer: "canvas", // the styles of Airflow's page would change the size of the text of an SVG
      loader: CLOSED_LOADER,
      config: {
        background: "transparent",
        font: "system-ui, sans-serif",
        view: { stroke: "transparent" },
        axis: { labelColor: text, titleColor: text, gridColor: line, domainColor: line, tickColor: line },
        header: { labelColor: text, titleColor: text },
        legend: { labelColor: text, titleColor: text },
        title: { color: text },
        text: { color: text },
      },
    });
    drawn.catch((error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
    return () => void drawn.then((view) => view.finalize()).catch(() => undefined);
  }, [specification, isDark]);
  return failure ? (
    <p>{`The picture could not be drawn: ${failure}`}</p>
  ) : (
    <div ref={place} style={{ width: "100%" }} />
  );
}
