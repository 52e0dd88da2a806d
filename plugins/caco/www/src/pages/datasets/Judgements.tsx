/** What students that were trained on a dataset score, and how often people find its checks wrong. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { PageLink } from "src/parts/Links";
import {
  checkName,
  formatCount,
  formatPoints,
  formatPointsRange,
  formatRange,
  formatShare,
  NOTHING,
} from "src/parts/numbers";
import { scoresPath } from "src/parts/paths";
import { Section } from "src/parts/Section";

type Dataset = Schemas["DatasetReport"];

export function DatasetScores({ scores }: { scores: Dataset["scores"] }) {
  return (
    <Section title="Scores of students trained on it">
      {scores.length === 0 ? (
        <Text color="fg.muted">
          None yet: <PageLink to="/dags/caco_evaluate">caco_evaluate</PageLink> trains one and scores it beside its
          base.
        </Text>
      ) : (
        <Grid
          label="Scores"
          rows={scores}
          rowKey={(one) => `${one.run.run_id} ${one.benchmark}`}
          columns={[
            { head: "Run", cell: (one) => <PageLink to={scoresPath(one.run.run_id)}>{one.run.partition}</PageLink> },
            { head: "Benchmark", cell: (one) => one.benchmark },
            { head: "Base", isNumber: true, cell: (one) => formatShare(one.base.share) },
            { head: "Student", isNumber: true, cell: (one) => formatShare(one.student.share) },
            { head: "Gain", isNumber: true, cell: (one) => formatPoints(one.gain) },
            { head: "95% interval", isNumber: true, cell: (one) => formatPointsRange(one.gain_low, one.gain_high) },
            { head: "p", isNumber: true, cell: (one) => (one.p === null ? NOTHING : one.p.toPrecision(2)) },
            {
              head: "Protected",
              cell: (one) => (one.is_protected === null ? NOTHING : one.is_protected ? "yes" : "no"),
            },
          ]}
        />
      )}
    </Section>
  );
}

export function AuditRates({ rates }: { rates: Dataset["audit_rates"] }) {
  return (
    <Section title="What people say of its checks">
      {rates.length === 0 ? (
        <Text color="fg.muted">
          Nobody has judged its run yet: trigger <PageLink to="/dags/caco_audit">caco_audit</PageLink> to draw rows.
        </Text>
      ) : (
        <Grid
          label="Audit rates"
          rows={rates}
          rowKey={(one) => one.check_name}
          columns={[
            { head: "Check", cell: (one) => checkName(one.check_name) },
            { head: "Rows judged", isNumber: true, cell: (one) => formatCount(one.rows_judged) },
            { head: "People", isNumber: true, cell: (one) => formatCount(one.people) },
            { head: "Wrong among the passed", isNumber: true, cell: (one) => formatShare(one.wrong_of_passed) },
            {
              head: "95% interval",
              isNumber: true,
              cell: (one) => formatRange(one.wrong_of_passed_low, one.wrong_of_passed_high),
            },
          ]}
        />
      )}
    </Section>
  );
}
