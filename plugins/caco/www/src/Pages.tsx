/** The pages below `/plugin/caco`, and the line that leads from one to another. */

import { Box, Flex } from "@chakra-ui/react";
import { Link, Route, Routes, useLocation } from "react-router-dom";

import { Frame } from "src/Frame";
import { Empty } from "src/parts/notices";
import { ROOT } from "src/parts/paths";
import { AskPage } from "src/pages/ask/AskPage";
import { AuditPage } from "src/pages/audit/AuditPage";
import { ComparePage } from "src/pages/compare/ComparePage";
import { DatasetPage } from "src/pages/datasets/DatasetPage";
import { DatasetsPage } from "src/pages/datasets/DatasetsPage";
import { ModelPage } from "src/pages/models/ModelPage";
import { ModelsPage } from "src/pages/models/ModelsPage";
import { OverviewPage } from "src/pages/overview/OverviewPage";
import { RunPage } from "src/pages/run/RunPage";
import { RunsPage } from "src/pages/runs/RunsPage";
import { SamplePage } from "src/pages/sample/SamplePage";
import { SamplesPage } from "src/pages/samples/SamplesPage";
import { ItemsPage } from "src/pages/scores/ItemsPage";
import { ScoresPage } from "src/pages/scores/ScoresPage";

const PAGES: [path: string, name: string][] = [
  ["", "Overview"],
  ["runs", "Runs"],
  ["samples", "Samples"],
  ["datasets", "Datasets"],
  ["models", "Models"],
  ["scores", "Scores"],
  ["audit", "Audit"],
  ["ask", "Ask"],
];

function NavigationLine() {
  const { pathname } = useLocation();
  return (
    <Box as="nav" aria-label="Caco" overflowX="auto" borderBottomWidth="1px" mb={4}>
      <Flex gap={1} minW="max-content">
        {PAGES.map(([path, name]) => {
          const address = path === "" ? ROOT : `${ROOT}/${path}`;
          const isHere = path === "" ? pathname.replace(/\/$/, "") === ROOT : pathname.startsWith(address);
          return (
            <Box
              asChild
              key={name}
              px={3}
              py={2}
              color={isHere ? "fg" : "fg.muted"}
              fontWeight={isHere ? "semibold" : "normal"}
              borderBottomWidth="2px"
              borderColor={isHere ? "brand.solid" : "transparent"}
              _hover={{ color: "fg" }}
            >
              <Link to={address} aria-current={isHere ? "page" : undefined}>
                {name}
              </Link>
            </Box>
          );
        })}
      </Flex>
    </Box>
  );
}

export function Pages() {
  return (
    <Frame>
      <NavigationLine />
      <Routes>
        <Route index element={<OverviewPage />} />
        <Route path="runs" element={<RunsPage />} />
        <Route path="runs/compare" element={<ComparePage />} />
        <Route path="runs/:runId" element={<RunPage />} />
        <Route path="samples" element={<SamplesPage />} />
        <Route path="samples/:sampleId" element={<SamplePage />} />
        <Route path="datasets" element={<DatasetsPage />} />
        <Route path="datasets/:name/:version" element={<DatasetPage />} />
        <Route path="models" element={<ModelsPage />} />
        <Route path="models/*" element={<ModelPage />} />
        <Route path="scores" element={<ScoresPage />} />
        <Route path="scores/:runId" element={<ItemsPage />} />
        <Route path="audit" element={<AuditPage />} />
        <Route path="ask" element={<AskPage />} />
        <Route path="*" element={<Empty title="There is no such page">The line above leads to all there are.</Empty>} />
      </Routes>
    </Frame>
  );
}
