/**
 * One row a screen for a person to judge, blind to what the checks said.
 *
 * Keys: the digits answer, U goes back to the last answer, N opens the note, the arrows go through the rows.
 */

import { Box, NativeSelect, Text } from "@chakra-ui/react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { useAddress, type AddressState } from "src/parts/filters";
import { PageLink, RunLink, runName } from "src/parts/Links";
import { Empty, Failure } from "src/parts/notices";
import { formatCount } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { PageTitle } from "src/parts/Section";
import { ShareBar } from "src/parts/ShareBar";
import { Agreement } from "src/pages/audit/Agreement";
import { AuditRow } from "src/pages/audit/AuditRow";

type Report = Schemas["AuditReport"];

export function AuditPage() {
  const address = useAddress();
  const query = api.useQuery("get", "/api/v1/audits", { params: { query: { draw: address.get("draw") } } });
  return (
    <>
      <PageTitle title="Audit" />
      <Ready query={query} what="the audits">
        {(report) =>
          report.draws.length === 0 ? (
            <Empty title="No rows were drawn yet">
              Trigger <PageLink to="/dags/caco_audit">caco_audit</PageLink>, or run <code>caco audit draw</code>.
            </Empty>
          ) : (
            <>
              <Draws report={report} address={address} />
              <Judging key={address.get("draw") ?? "newest"} report={report} />
              <Agreement report={report} />
            </>
          )
        }
      </Ready>
    </>
  );
}

function Draws({ report, address }: { report: Report; address: AddressState }) {
  const shownId = report.waiting[0]?.draw_id ?? report.answered[0]?.draw_id ?? address.get("draw");
  const shown = report.draws.find((draw) => draw.draw_id === shownId) ?? report.draws[0];
  if (!shown) return null;
  const label = `${formatCount(shown.answered_by_you)} of ${formatCount(shown.rows)} answered by you`;
  return (
    <Box mb={4} display="flex" flexWrap="wrap" gap={5} alignItems="end">
      <Box asChild fontSize="xs" color="fg.muted">
        <label>
          Draw
          <NativeSelect.Root size="xs" width="22rem">
            <NativeSelect.Field
              value={shown.draw_id}
              color="fg"
              onChange={(event) => address.set({ draw: event.target.value })}
            >
              {report.draws.map((draw) => (
                <option key={draw.draw_id} value={draw.draw_id}>
                  {`${runName(draw.run)}: ${draw.answered} of ${draw.rows} answered`}
                </option>
              ))}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
        </label>
      </Box>
      <Box width="14rem">
        <Text fontSize="xs" color="fg.muted" role="status">
          {label}
        </Text>
        <ShareBar passed={shown.answered_by_you} whole={shown.rows} label={label} />
      </Box>
      <Text fontSize="xs" color="fg.muted">
        as {report.person}, of the run <RunLink run={shown.run} />
      </Text>
    </Box>
  );
}

/** The rows in the order of the draw, those of this person's answers before those that wait. */
function Judging({ report }: { report: Report }) {
  const client = useQueryClient();
  const rows = [...report.answered, ...report.waiting];
  const [at, setAt] = useState<number | null>(null); // a row that was gone back to; null: the first that waits
  const answer = api.useMutation("post", "/api/v1/audits/{sample_id}", {
    onSuccess: async () => {
      setAt(null);
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/audits"] });
    },
  });
  const place = Math.min(at ?? report.answered.length, rows.length - 1);
  const row = rows[place];
  const error: unknown = answer.error;
  if (!row) return null;
  const isDone = at === null && report.waiting.length === 0;
  return (
    <>
      {error instanceof Error ? <Failure error={error} /> : null}
      {isDone ? (
        <Empty title="You have answered every row of this draw">
          Press U to go back to your last answer, or choose another draw.
        </Empty>
      ) : null}
      <AuditRow
        key={row.sample_id}
        row={row}
        rowsDrawn={report.draws.find((draw) => draw.draw_id === row.draw_id)?.rows}
        isHidden={isDone}
        isBusy={answer.isPending}
        onAnswer={(word, note) =>
          answer.mutate({
            params: { path: { sample_id: row.sample_id } },
            body: { draw_id: row.draw_id, answer: word, note: note || null },
          })
        }
        onBack={place > 0 || isDone ? () => setAt(isDone ? rows.length - 1 : place - 1) : undefined}
        onForward={at !== null ? () => setAt(place + 1 < report.answered.length ? place + 1 : null) : undefined}
        onUndo={report.answered.length > 0 ? () => setAt(report.answered.length - 1) : undefined}
      />
    </>
  );
}
