/** Values of settings and of tables, as a line of text. */

import { NOTHING } from "src/parts/numbers";

export function valueText(value: unknown): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.length === 0) return NOTHING;
  const isPlainList = Array.isArray(value) && value.every((one) => typeof one !== "object");
  return isPlainList ? value.join(", ") : JSON.stringify(value);
}
