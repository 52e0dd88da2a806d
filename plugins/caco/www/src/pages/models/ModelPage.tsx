/** One model: what it was made from, how its training went, and what it made. */

import { Box, HStack, Text } from "@chakra-ui/react";
import { useParams } from "react-router-dom";

import { api, type Schemas } from "src/api/client";
import { Chart } from "src/parts/Chart";
import { CopyButton } from "src/parts/CopyButton";
import { Figures } from "src/parts/Figures";
import { Grid } from "src/parts/Grid";
import { ModelLink, RunLink } from "src/parts/Links";
import { formatCost, formatCount, formatSeconds, formatShare, NOTHING, shortId, spacedWords } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { PageTitle, Section } from "src/parts/Section";
import { valueText } from "src/parts/values";

type Model = Schemas["ModelReport"];

export function ModelPage() {
  const { "*": modelId = "" } = useParams(); // a public model has a slash in its name
  const query = api.useQuery("get", "/api/v1/models/{model_id}", { params: { path: { model_id: modelId } } });
  return (
    <>
      <PageTitle title={`Model ${/^[0-9a-f]{32,}$/.test(modelId) ? shortId(modelId) : modelId}`} />
      <Ready query={query} what="the model">
        {(model) => (
          <>
            <Head model={model} />
            {model.curve.length > 0 ? (
              <Section title="Training">
                <Chart name="loss_curve" label="Loss over the steps of the training" model={model.line.model_id} />
              </Section>
            ) : null}
            {model.rounds.some((round) => round.own_rows > 0) ? <Rounds model={model} /> : null}
            <Uses model={model} />
            <Facts title="What the training measured" values={model.metrics} />
            <Facts title="Settings of the training" values={model.config} />
          </>
        )}
      </Ready>
    </>
  );
}

function Head({ model }: { model: Model }) {
  const { line } = model;
  return (
    <Figures
      facts={[
        [
          "Id",
          <HStack key="id" gap={0}>
            <Text overflowWrap="anywhere">{line.model_id}</Text>
            <CopyButton text={line.model_id} />
          </HStack>,
        ],
        ["Role", line.role],
        ["Trained here", line.run ? <RunLink key="run" run={line.run} /> : line.is_trained_here ? "yes" : "no"],
        line.accepted !== null && ["Accepted", line.accepted ? "yes" : `no: ${line.refused_because ?? ""}`],
        model.ancestors.length > 0 && ["Made from", <ModelList key="ancestors" ids={model.ancestors} />],
        model.children.length > 0 && ["Made into", <ModelList key="children" ids={model.children} />],
        line.is_trained_here && ["Loss before", line.loss_before?.toFixed(3) ?? NOTHING],
        line.is_trained_here && ["Loss after", line.loss_after?.toFixed(3) ?? NOTHING],
        line.is_trained_here && ["Tokens trained on", formatCount(line.tokens)],
        line.is_trained_here && ["Seconds", formatSeconds(line.seconds)],
        model.uri !== null && ["Weights", <code key="uri">{model.uri}</code>],
        model.sha256 !== null && ["SHA-256", <code key="hash">{model.sha256.slice(0, 16)}</code>],
      ]}
    />
  );
}

function ModelList({ ids }: { ids: readonly string[] }) {
  return (
    <HStack wrap="wrap">
      {ids.map((id) => (
        <ModelLink key={id} id={id} />
      ))}
    </HStack>
  );
}

function Rounds({ model }: { model: Model }) {
  return (
    <Section title="Rounds of its training">
      <Chart name="loop_rounds" label="Variety and published rows, round by round" model={model.line.model_id} />
      <Grid
        label="Rounds of its training"
        rows={model.rounds}
        rowKey={(round) => `${round.run_id} ${round.nightly_run_id ?? ""}`}
        columns={[
          { head: "Date", cell: (round) => round.partition },
          { head: "Model", cell: (round) => <ModelLink id={round.model_id} /> },
          { head: "Accepted", cell: (round) => (round.accepted ? "yes" : `no: ${round.refused_because ?? ""}`) },
          { head: "Own rows", isNumber: true, cell: (round) => formatCount(round.own_rows) },
          { head: "Of all", isNumber: true, cell: (round) => formatShare(round.own_share) },
          { head: "Shapes per 1,000", isNumber: true, cell: (round) => formatCount(round.shapes_per_1000) },
          { head: "New shapes", isNumber: true, cell: (round) => formatShare(round.new_shapes) },
          { head: "Spread", isNumber: true, cell: (round) => round.spread?.toFixed(3) ?? NOTHING },
          { head: "Published", isNumber: true, cell: (round) => formatCount(round.published) },
        ]}
      />
    </Section>
  );
}

function Uses({ model }: { model: Model }) {
  return (
    <Section title="What it made">
      {model.uses.length === 0 ? (
        <Text color="fg.muted">It was never asked in a run.</Text>
      ) : (
        <Grid
          label="What it made"
          rows={model.uses}
          rowKey={(use) => `${use.run.run_id} ${use.stage} ${use.prompt}`}
          columns={[
            { head: "Run", cell: (use) => <RunLink run={use.run} /> },
            { head: "Stage", cell: (use) => use.stage },
            { head: "Prompt", cell: (use) => use.prompt },
            { head: "Replies", isNumber: true, cell: (use) => formatCount(use.replies) },
            { head: "Kept", isNumber: true, cell: (use) => formatShare(use.kept_share.share) },
            { head: "Published", isNumber: true, cell: (use) => formatCount(use.published) },
            { head: "Cut off", isNumber: true, cell: (use) => formatCount(use.cut_off) },
            { head: "Tokens read", isNumber: true, cell: (use) => formatCount(use.prompt_tokens) },
            { head: "Tokens written", isNumber: true, cell: (use) => formatCount(use.completion_tokens) },
            { head: "Cost", isNumber: true, cell: (use) => formatCost(use.cost_usd) },
            { head: "Computing time", isNumber: true, cell: (use) => formatSeconds(use.seconds) },
          ]}
        />
      )}
      {model.is_cut ? <Text mt={2}>There are more; the newest stand here.</Text> : null}
    </Section>
  );
}

function Facts({ title, values }: { title: string; values: Record<string, unknown> }) {
  const facts = Object.entries(values).filter(([, value]) => !Array.isArray(value));
  if (facts.length === 0) return null;
  return (
    <Section title={title}>
      <Box>
        <Figures facts={facts.map(([name, value]): [string, string] => [spacedWords(name), valueText(value)])} />
      </Box>
    </Section>
  );
}
