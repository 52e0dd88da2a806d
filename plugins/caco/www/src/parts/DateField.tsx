/** A date to filter by. */

import { Box, Input } from "@chakra-ui/react";

interface Props {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
}

export function DateField({ label, value, onChange }: Props) {
  return (
    <Box asChild fontSize="xs" color="fg.muted">
      <label>
        {label}
        <Input
          type="date"
          size="xs"
          color="fg"
          display="block"
          width="9rem"
          value={value ?? ""}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
    </Box>
  );
}
