/** How far people agree with each other, and how often checks are wrong by what people say. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { RunLink } from "src/parts/Links";
import { formatCount, formatRange, formatShare, NOTHING, spacedWords } from "src/parts/numbers";
import { Section } from "src/parts/Section";

type Report = Schemas["AuditReport"];

function estimate(one: Schemas["Interval"]): string {
  return one.value === null ? NOTHING : `${formatShare(one.value)} (${formatRange(one.low, one.high)})`;
}

export function Agreement({ report }: { report: Report }) {
  return (
    <>
      <Section title="Errors of the checks, by the answers of people">
        {report.confusion.length === 0 ? (
          <Text color="fg.muted">Not enough rows were answered yet.</Text>
        ) : (
          <Grid
            label="Errors of the checks"
            rows={report.confusion}
            rowKey={(one) => `${one.run.run_id} ${one.check_name}`}
            columns={[
              { head: "Run", cell: (one) => <RunLink run={one.run} /> },
              { head: "Check", cell: (one) => spacedWords(one.check_name) },
              { head: "Rows judged", isNumber: true, cell: (one) => formatCount(one.rows_judged) },
              { head: "Undecided", isNumber: true, cell: (one) => formatCount(one.rows_undecided) },
              { head: "People", isNumber: true, cell: (one) => formatCount(one.people) },
              { head: "Passed, of what is wrong", isNumber: true, cell: (one) => estimate(one.false_pass) },
              { head: "Failed, of what is right", isNumber: true, cell: (one) => estimate(one.false_fail) },
              { head: "Wrong, of what passed", isNumber: true, cell: (one) => estimate(one.wrong_of_passed) },
            ]}
          />
        )}
      </Section>
      <Section title="Agreement of people">
        {report.agreement.length === 0 ? (
          <Text color="fg.muted">No two people have answered the same rows yet.</Text>
        ) : (
          <Grid
            label="Agreement of people"
            rows={report.agreement}
            rowKey={(one) => `${one.one} ${one.other}`}
            columns={[
              { head: "One", cell: (one) => one.one },
              { head: "Other", cell: (one) => one.other },
              { head: "Rows of both", isNumber: true, cell: (one) => formatCount(one.answers) },
              { head: "Same answer", isNumber: true, cell: (one) => formatShare(one.same_share) },
              { head: "Cohen’s kappa", isNumber: true, cell: (one) => one.kappa?.toFixed(2) ?? NOTHING },
            ]}
          />
        )}
      </Section>
    </>
  );
}
