/** Why the table is empty, and what helps. */

import { Button } from "@chakra-ui/react";

import type { AddressState } from "src/parts/filters";
import { PageLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { CLEARED, isFiltered } from "src/pages/samples/filterNames";

export function NoSamples({ address }: { address: AddressState }) {
  if (isFiltered(address)) {
    return (
      <Empty title="No sample fits these filters">
        <Button size="xs" variant="outline" onClick={() => address.set(CLEARED)}>
          Clear the filters
        </Button>
      </Empty>
    );
  }
  return (
    <Empty title="There are no samples yet">
      They come with the first shard of a nightly run: trigger <PageLink to="/dags/caco_seeds">caco_seeds</PageLink>,
      which starts what follows, or run <code>caco demo</code>.
    </Empty>
  );
}
