package messages

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router/ledger"
)

const unreadableHelp = `List what vendors sent and no driver could read, the newest first: whole callbacks, and
items of batches whose other items were recorded. The vendor was told that they were
received, so they are kept until ledger.retention.

They may hold numbers and texts; therefore they are shown with --raw only. In JSON, raw
is text, or base64 in raw_base64 if it is not UTF-8.`

// unread is a line of the output in JSON.
type unread struct {
	Seq        int64     `json:"seq"`
	Provider   string    `json:"provider"`
	ReceivedAt time.Time `json:"received_at"`
	Reason     string    `json:"reason"`
	Bytes      int       `json:"bytes"`
	Raw        string    `json:"raw,omitempty"`
	RawBase64  []byte    `json:"raw_base64,omitempty"`
}

func (a *app) unreadableCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var format cli.Format
	var limit int
	var raw bool
	cmd := &cobra.Command{
		Use:     "unreadable",
		Short:   "List what vendors sent and could not be read",
		Long:    unreadableHelp,
		Example: "  anysms webhook unreadable\n  anysms webhook unreadable --raw --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}
			return with(cmd.Context(), &conf, func(l *ledger.Ledger) error {
				list, err := unreadable(cmd.Context(), l, limit)
				if err != nil {
					return err
				}
				return a.printUnreadable(list, format, raw)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", ledger.DefaultLimit, "at most this `NUMBER` of lines; 0 = all")
	cmd.Flags().BoolVar(&raw, "raw", false, "show what was sent, with numbers and texts")
	conf.AddTo(cmd)
	format.AddTo(cmd)
	return cmd
}

// unreadable returns the newest events that could not be read; limit 0 = all.
func unreadable(ctx context.Context, l *ledger.Ledger, limit int) (list []ledger.Event, err error) {
	for before := int64(0); ; {
		size := ledger.MaxLimit
		if limit > 0 {
			size = min(size, limit-len(list))
		}
		page, err := l.Unreadable(ctx, before, size)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if len(page) < size || len(list) == limit {
			return list, nil
		}
		before = page[len(page)-1].Seq
	}
}

func (a *app) printUnreadable(list []ledger.Event, format cli.Format, raw bool) error {
	if !format.JSON() && len(list) == 0 {
		_, err := fmt.Fprintln(a.Err, "everything that vendors sent could be read")
		return err
	}
	rows := [][]string{{"received", "provider", "bytes", "reason"}}
	if raw {
		rows[0] = append(rows[0], "raw")
	}
	for i := range list {
		e := &list[i]
		if format.JSON() {
			if err := a.PrintJSON(unreadLine(e, raw)); err != nil {
				return err
			}
			continue
		}
		row := []string{e.ReceivedAt.Format(time.RFC3339), e.Provider, strconv.Itoa(len(e.Raw)), e.VendorStatus}
		if raw {
			row = append(row, strconv.Quote(string(e.Raw)))
		}
		rows = append(rows, row)
	}
	if format.JSON() {
		return nil
	}
	return a.Table(rows)
}

func unreadLine(e *ledger.Event, raw bool) unread {
	line := unread{Seq: e.Seq, Provider: e.Provider, ReceivedAt: e.ReceivedAt, Reason: e.VendorStatus, Bytes: len(e.Raw)}
	switch {
	case !raw:
	case utf8.Valid(e.Raw):
		line.Raw = string(e.Raw)
	default:
		line.RawBase64 = e.Raw
	}
	return line
}
