/** Tables of figures: aligned, dense, and scrolled by themselves where the window is narrow. */

import { Box, Table } from "@chakra-ui/react";
import type { ReactNode } from "react";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  isNumber?: boolean;
  title?: string; // what the head means, where its word is not enough
  width?: string;
}

interface Props<Row> {
  label: string;
  columns: (Column<Row> | false | null)[];
  rows: Row[];
  rowKey: (row: Row, place: number) => string;
  isMarked?: (row: Row, place: number) => boolean;
  onRowClick?: (row: Row, place: number) => void;
}

/** Links and buttons within a row do what they say, and do not open the row as well. */
function isOnControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, summary") !== null;
}

export function Grid<Row>({ label, columns, rows, rowKey, isMarked, onRowClick }: Props<Row>) {
  const shown = columns.filter((column): column is Column<Row> => Boolean(column));
  return (
    <Box overflowX="auto" tabIndex={0} role="region" aria-label={label} borderWidth="1px" borderRadius="md">
      <Table.Root size="sm" fontVariantNumeric="tabular-nums" interactive={onRowClick !== undefined}>
        <Table.Header>
          <Table.Row bg="bg.muted">
            {shown.map((column) => (
              <Table.ColumnHeader
                key={column.head}
                scope="col"
                title={column.title}
                textAlign={column.isNumber ? "end" : "start"}
                whiteSpace="nowrap"
                width={column.width}
              >
                {column.head}
              </Table.ColumnHeader>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {rows.map((row, place) => (
            <Table.Row
              key={rowKey(row, place)}
              bg={isMarked?.(row, place) ? "brand.muted" : undefined}
              data-marked={isMarked?.(row, place) ? "" : undefined}
              cursor={onRowClick ? "pointer" : undefined}
              onClick={
                onRowClick
                  ? (event) => {
                      if (!isOnControl(event.target)) onRowClick(row, place);
                    }
                  : undefined
              }
            >
              {shown.map((column) => (
                <Table.Cell
                  key={column.head}
                  textAlign={column.isNumber ? "end" : "start"}
                  whiteSpace={column.isNumber ? "nowrap" : undefined}
                  verticalAlign="top"
                >
                  {column.cell(row)}
                </Table.Cell>
              ))}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
