/** Figures as people read them: the same words and roundings as `caco_tasks/format.py`. */

export const NOTHING = "–";

const COUNTS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function formatCount(count: number | null | undefined): string {
  return count == null ? NOTHING : COUNTS.format(count);
}

export function formatShare(share: number | null | undefined): string {
  return share == null || Number.isNaN(share) ? NOTHING : `${(100 * share).toFixed(1)}%`;
}

/** A gain or loss of shares, in points, with its sign. */
export function formatPoints(share: number | null | undefined): string {
  if (share == null || Number.isNaN(share)) return NOTHING;
  const points = (100 * share).toFixed(1);
  return `${share > 0 ? "+" : ""}${points} points`;
}

export function formatRange(low: number | null | undefined, high: number | null | undefined): string {
  return low == null || high == null ? NOTHING : `${formatShare(low)} – ${formatShare(high)}`;
}

/** The interval of a gain or loss of shares, in points: between signs no dash. */
export function formatPointsRange(low: number | null | undefined, high: number | null | undefined): string {
  if (low == null || high == null) return NOTHING;
  const [from, to] = [low, high].map((end) => `${end > 0 ? "+" : ""}${(100 * end).toFixed(1)}`);
  return `${from} to ${to} points`;
}

export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds == null) return NOTHING;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 3 : 1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(0)} s`;
  return `${Math.floor(seconds / 3600)} h ${((seconds % 3600) / 60).toFixed(0)} min`;
}

export function formatCost(usd: number | null | undefined): string {
  if (usd == null) return NOTHING;
  if (usd === 0) return "$0";
  return usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return NOTHING;
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : size.toFixed(0)} ${units[unit] ?? ""}`;
}

export function formatTime(time: string | null | undefined): string {
  return time == null
    ? NOTHING
    : time
        .replace("T", " ")
        .replace(/\.\d+/, "")
        .replace(/(\+00:00|Z)$/, " UTC");
}

/** The beginning of an id, by which people call it; whoever copies one gets all of it. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}

/** A check that people have judged; `chain` is what the ledger calls all of them. */
export function checkName(name: string): string {
  return name === "chain" ? "all together" : name;
}

/** `answers_differ` as words. */
export function spacedWords(name: string): string {
  return name.replaceAll("_", " ");
}

export function sentenceCase(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
