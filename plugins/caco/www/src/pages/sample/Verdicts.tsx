/** What every stage said of a sample, in order. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { OutcomeBadge } from "src/parts/Badges";
import { withoutTurning } from "src/parts/bidi";
import { CopyButton } from "src/parts/CopyButton";
import { Grid } from "src/parts/Grid";
import { formatSeconds, NOTHING, shortId } from "src/parts/numbers";
import { Section } from "src/parts/Section";

type Verdict = Schemas["VerdictReport"];

export function Verdicts({ sample }: { sample: Schemas["SampleReport"] }) {
  return (
    <Section title="Verdicts">
      <Grid
        label="Verdicts"
        rows={sample.verdicts}
        rowKey={(verdict) => verdict.stage}
        columns={[
          { head: "Stage", cell: (verdict) => verdict.stage },
          { head: "Outcome", cell: (verdict) => <OutcomeBadge outcome={verdict.outcome} /> },
          { head: "Why", width: "40%", cell: (verdict) => <Why verdict={verdict} /> },
          { head: "How", cell: (verdict) => <How verdict={verdict} /> },
          { head: "Version", isNumber: true, cell: (verdict) => verdict.version ?? NOTHING },
          { head: "Seconds", isNumber: true, cell: (verdict) => formatSeconds(verdict.seconds) },
          {
            head: "Output",
            cell: (verdict) => (
              <Text whiteSpace="nowrap" title={verdict.uri}>
                <code>{shortId(verdict.output_key)}</code>
                <CopyButton text={verdict.uri} label="address" />
                {verdict.is_reused ? (
                  <Text as="span" color="fg.muted">
                    reused
                  </Text>
                ) : null}
              </Text>
            ),
          },
        ]}
      />
      {sample.audits.map((answer) => (
        <Text key={`${answer.person} ${answer.at}`} mt={2} overflowWrap="anywhere">
          <b>{answer.person}</b> said “{answer.answer}”{answer.note ? `: ${answer.note}` : ""}
        </Text>
      ))}
    </Section>
  );
}

function Why({ verdict }: { verdict: Verdict }) {
  return (
    <>
      {verdict.reason ? (
        <Text>
          <code>{verdict.reason}</code>
          {verdict.words ? `: ${verdict.words}` : ""}
        </Text>
      ) : null}
      {verdict.detail ? (
        <Text fontFamily="mono" fontSize="xs" overflowWrap="anywhere">
          {withoutTurning(verdict.detail)}
        </Text>
      ) : null}
      {verdict.findings.map((finding) => (
        <Text key={`${finding.reason} ${finding.detail ?? ""}`} fontSize="xs" color="fg.muted" overflowWrap="anywhere">
          recorded: <code>{finding.reason}</code>, {finding.words} {withoutTurning(finding.detail ?? "")}
        </Text>
      ))}
    </>
  );
}

function How({ verdict }: { verdict: Verdict }) {
  const prompts = verdict.prompts.join(", ");
  return (
    <>
      <Text>{verdict.method}</Text>
      {prompts ? (
        <Text fontSize="xs" color="fg.muted">
          {prompts}
        </Text>
      ) : null}
    </>
  );
}
