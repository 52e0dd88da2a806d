/** A graph from left to right: what was there first, the focus, what was made of it. */

import { Box, Text } from "@chakra-ui/react";
import { useMemo } from "react";

import type { Schemas } from "src/api/client";
import { PageLink } from "src/parts/Links";
import { datasetPath, modelPath, runPath, samplePath, scoresPath } from "src/parts/paths";
import { valueText } from "src/parts/values";

type Graph = Schemas["LineageGraph"];
type Node = Schemas["GraphNode"];

const WIDTH = 190; // of a node, in pixels, like all that follows
const HEIGHT = 46;
const GAP_X = 64;
const GAP_Y = 14;

interface Placed {
  node: Node;
  x: number;
  y: number;
}

const PAGES: Partial<Record<Node["kind"], (key: string) => string>> = {
  run: runPath,
  model: modelPath,
  sample: samplePath,
  dataset: datasetPath,
  score: scoresPath,
};

/** Columns: ancestors count below zero and descendants above, each by its longest way to the focus. */
function columnsOf(graph: Graph): Map<string, number> {
  const columns = new Map<string, number>([[graph.focus, 0]]);
  spread(graph, columns, ["target", "source"], -1);
  spread(graph, columns, ["source", "target"], 1);
  for (const node of graph.nodes) if (!columns.has(node.id)) columns.set(node.id, 0);
  return columns;
}

type Direction = ["source", "target"] | ["target", "source"];

function spread(graph: Graph, columns: Map<string, number>, [from, to]: Direction, step: number): void {
  let front = [graph.focus];
  for (let depth = 1; front.length > 0 && depth <= graph.nodes.length; depth += 1) {
    const reached = new Set(graph.edges.filter((edge) => front.includes(edge[from])).map((edge) => edge[to]));
    reached.delete(graph.focus);
    for (const id of reached) {
      if ((columns.get(id) ?? 0) * step >= 0) columns.set(id, step * depth);
    }
    front = [...reached];
  }
}

function place(graph: Graph): { placed: Map<string, Placed>; width: number; height: number } {
  const columns = columnsOf(graph);
  const first = Math.min(...columns.values());
  const counts = new Map<number, number>();
  const placed = new Map<string, Placed>();
  for (const node of graph.nodes) {
    const column = (columns.get(node.id) ?? 0) - first;
    const row = counts.get(column) ?? 0;
    counts.set(column, row + 1);
    placed.set(node.id, { node, x: column * (WIDTH + GAP_X), y: row * (HEIGHT + GAP_Y) });
  }
  const tallest = Math.max(1, ...counts.values());
  for (const one of placed.values()) {
    const rows = counts.get(one.x / (WIDTH + GAP_X)) ?? 1;
    one.y += ((tallest - rows) * (HEIGHT + GAP_Y)) / 2;
  }
  const width = (Math.max(...columns.values()) - first + 1) * (WIDTH + GAP_X) - GAP_X;
  return { placed, width, height: tallest * (HEIGHT + GAP_Y) - GAP_Y };
}

export function Graph({ graph }: { graph: Graph }) {
  const { placed, width, height } = useMemo(() => place(graph), [graph]);
  return (
    <Box
      overflow="auto"
      maxH="32rem"
      tabIndex={0}
      role="region"
      aria-label="Lineage"
      borderWidth="1px"
      borderRadius="md"
      p={4}
    >
      <Box position="relative" width={`${width}px`} height={`${height}px`}>
        <Box asChild position="absolute" inset={0} color="border.emphasized" pointerEvents="none">
          <svg width={width} height={height} aria-hidden="true">
            <defs>
              <marker
                id="caco-arrow"
                viewBox="0 0 8 8"
                refX="8"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                orient="auto"
              >
                <path d="M0 0 L8 4 L0 8 z" fill="currentColor" />
              </marker>
            </defs>
            {graph.edges.map((edge) => (
              <Arrow
                key={`${edge.source} ${edge.target}`}
                from={placed.get(edge.source)}
                to={placed.get(edge.target)}
                label={edge.label}
              />
            ))}
          </svg>
        </Box>
        {[...placed.values()].map((one) => (
          <NodeBox key={one.node.id} placed={one} isFocus={one.node.id === graph.focus} />
        ))}
      </Box>
    </Box>
  );
}

function Arrow({ from, to, label }: { from: Placed | undefined; to: Placed | undefined; label: string }) {
  if (!from || !to) return null;
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const bend = Math.max(20, (x2 - x1) / 2);
  return (
    <path
      d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 1} ${y2}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      markerEnd="url(#caco-arrow)"
    >
      <title>{label}</title>
    </path>
  );
}

function NodeBox({ placed, isFocus }: { placed: Placed; isFocus: boolean }) {
  const { node, x, y } = placed;
  const path = isFocus ? undefined : PAGES[node.kind]?.(node.key);
  const facts = Object.entries(node.facts).map(([name, value]) => `${name.replaceAll("_", " ")}: ${valueText(value)}`);
  return (
    <Box
      position="absolute"
      left={`${x}px`}
      top={`${y}px`}
      width={`${WIDTH}px`}
      height={`${HEIGHT}px`}
      px={2}
      py={1}
      bg={isFocus ? "brand.muted" : "bg.subtle"}
      borderWidth="1px"
      borderColor={isFocus ? "brand.solid" : "border"}
      borderRadius="md"
      fontSize="xs"
      title={[node.label, ...facts].join("\n")}
    >
      <Text color="fg.muted" fontSize="2xs">
        {node.kind}
      </Text>
      <Text truncate>
        {path ? (
          <PageLink to={path} fontSize="xs">
            {node.label}
          </PageLink>
        ) : (
          node.label
        )}
      </Text>
    </Box>
  );
}
