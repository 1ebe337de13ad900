package account

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type inboxReport struct {
	Provider string         `json:"provider"`
	Messages []inboxMessage `json:"messages"`
	Next     string         `json:"next"` // the cursor for the next listing
}

type inboxMessage struct {
	ID        string     `json:"id"`
	At        *time.Time `json:"at"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	Text      string     `json:"text"`
	InReplyTo string     `json:"in_reply_to"`
	// Part is set if the text is that of one part of a longer message.
	Part *inboxPart `json:"part,omitempty"`
}

type inboxPart struct {
	Ref    string `json:"ref"` // what the parts of one message have in common
	Number int    `json:"number"`
	Of     int    `json:"of"`
}

func (a *app) inboxCommand() *cobra.Command {
	var q question
	var cursor string
	cmd := &cobra.Command{
		Use:     "inbox --provider P",
		GroupID: cli.GroupSend,
		Short:   "List incoming messages",
		Long:    "List incoming messages, all of them or those after a cursor, and print the\ncursor to continue from.",
		Example: "  anysms inbox --provider usa\n  anysms inbox --provider usa --cursor ch_00000000000042",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), &q, func(_ *config.Config, p provider.Provider) error {
				events, next, err := provider.ReadInbox(cmd.Context(), p, cursor)
				if err != nil {
					return err
				}
				return a.printInbox(inboxReport{q.provider, inboxMessages(events), next}, q.format)
			})
		},
	}
	cmd.Flags().StringVar(&cursor, "cursor", "", "`CURSOR` that the last listing printed")
	q.addTo(cmd)
	return cmd
}

func inboxMessages(events []provider.Event) []inboxMessage {
	all := []inboxMessage{}
	for _, e := range events {
		m := inboxMessage{ID: e.ID, From: e.From, To: e.To, Text: e.Text, InReplyTo: e.InReplyTo}
		if !e.At.IsZero() {
			m.At = &e.At
		}
		if s := e.Segment; s != nil {
			m.Part = &inboxPart{cmp.Or(s.Ref, e.ID), s.Number, s.Of}
		}
		all = append(all, m)
	}
	return all
}

func (a *app) printInbox(r inboxReport, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(r)
	}
	for _, m := range r.Messages {
		at := "-"
		if m.At != nil {
			at = m.At.Format(time.RFC3339)
		}
		part := ""
		if m.Part != nil {
			part = fmt.Sprintf("[part %d of %d] ", m.Part.Number, m.Part.Of)
		}
		fmt.Fprintf(a.Out, "%s  %s → %s  %s%s\n", at, m.From, m.To, part, cli.Visible(m.Text))
	}
	if r.Next != "" {
		fmt.Fprintf(a.Err, "%s; continue with --cursor %s\n", cli.Plural(len(r.Messages), "message"), r.Next)
	}
	return nil
}
