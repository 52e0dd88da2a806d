/** How far people agree with each other, and how often checks are wrong by what people say. */

import { Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Grid } from "src/parts/Grid";
import { RunLink, runName } from "src/parts/Links";
import { checkName, formatCount, formatRange, formatShare, NOTHING } from "src/parts/numbers";
import { Section } from "src/parts/Section";

type Report = Schemas["AuditReport"];

function Estimate({ of }: { of: Schemas["Interval"] }) {
  if (of.value === null) return <>{NOTHING}</>;
  return (
    <>
      {formatShare(of.value)}
      <Text fontSize="xs" color="fg.muted">
        {formatRange(of.low, of.high)}
      </Text>
    </>
  );
}

export function Agreement({ report }: { report: Report }) {
  return (
    <>
      <Section title="Errors of the checks, by the answers of people">
        {report.confusion.every((one) => one.rows_judged === 0) ? (
          <Text color="fg.muted">Not enough rows were answered yet.</Text>
        ) : (
          <Grid
            label="Errors of the checks"
            rows={report.confusion}
            rowKey={(one) => `${one.run.run_id} ${one.check_name}`}
            columns={[
              { head: "Run", cell: (one) => <RunLink run={one.run}>{runName(one.run)}</RunLink> },
              { head: "Check", cell: (one) => <Text whiteSpace="nowrap">{checkName(one.check_name)}</Text> },
              { head: "Judged", isNumber: true, cell: (one) => formatCount(one.rows_judged) },
              { head: "Undecided", isNumber: true, cell: (one) => formatCount(one.rows_undecided) },
              { head: "People", isNumber: true, cell: (one) => formatCount(one.people) },
              {
                head: "Covered",
                isNumber: true,
                title:
                  "of the rows that reached the check, those of a kind of which one was judged; nothing else counts",
                cell: (one) => formatShare(one.covered_share),
              },
              { head: "Passed, of what is wrong", isNumber: true, cell: (one) => <Estimate of={one.false_pass} /> },
              { head: "Failed, of what is right", isNumber: true, cell: (one) => <Estimate of={one.false_fail} /> },
              { head: "Wrong, of what passed", isNumber: true, cell: (one) => <Estimate of={one.wrong_of_passed} /> },
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
