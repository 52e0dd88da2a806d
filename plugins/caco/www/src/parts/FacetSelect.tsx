/** A filter with the count beside each of its values. */

import { Box, NativeSelect } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { formatCount } from "src/parts/numbers";

interface Props {
  facet: Schemas["Facet"];
  chosen: string | undefined;
  onChoose: (value: string | undefined) => void;
  unchosen?: string; // what holds where nothing is chosen
}

export function FacetSelect({ facet, chosen, onChoose, unchosen = "all" }: Props) {
  const isListed = chosen === undefined || facet.values.some((value) => value.value === chosen);
  return (
    <Box asChild fontSize="xs" color="fg.muted">
      <label title={facet.note ?? undefined}>
        {facet.label}
        <NativeSelect.Root size="xs" width="auto" minW="8rem" maxW="16rem">
          <NativeSelect.Field
            value={chosen ?? ""}
            onChange={(event) => onChoose(event.target.value || undefined)}
            color="fg"
            data-facet={facet.name}
          >
            <option value="">{unchosen}</option>
            {isListed ? null : <option value={chosen}>{chosen} (0)</option>}
            {facet.values.map((value) => (
              <option key={value.value} value={value.value}>
                {`${value.label} (${formatCount(value.count)}${value.is_capped ? "+" : ""})`}
              </option>
            ))}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      </label>
    </Box>
  );
}
