/** Exactly what the filter shows, as a file. */

import { HStack, Link, Text } from "@chakra-ui/react";

import { apiUrl, type Filters } from "src/parts/paths";

export function Exports({ filters }: { filters: Filters }) {
  return (
    <HStack gap={2}>
      <Text color="fg.muted">Export as</Text>
      {["csv", "json", "sql"].map((format) => (
        <Link key={format} href={apiUrl("/samples/export", { ...filters, format })} download color="fg.info">
          {format.toUpperCase()}
        </Link>
      ))}
    </HStack>
  );
}
