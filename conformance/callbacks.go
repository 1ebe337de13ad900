package conformance

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// golden is one file of Replies/callbacks.
type golden struct {
	file      string
	callback  provider.Callback
	events    []map[string]any // the fields that each event must have
	signature string           // "header NAME", "query NAME" or "remote_ip"
	unsigned  bool             // the vendor does not sign, as the file says
	covers    bool             // the signature covers the body
	status    string           // the vendor's word for a status, as in the body
	otherwise bool             // something else than the status's word decides, as the file says
	newStatus string           // what replaces it, a word that the vendor does not document
}

// hasRef reports whether the vendor repeats the Ref of a message in its report. A Ref
// in the query is one that the driver itself wrote into the callback's URL.
func (g *golden) hasRef() bool {
	return slices.ContainsFunc(g.events, func(e map[string]any) bool {
		ref, _ := e["ref"].(string)
		return ref != "" && e["kind"] != string(provider.Inbound) && bytes.Contains(g.callback.Body, []byte(ref))
	})
}

// reports reports whether an event has a status.
func (g *golden) reports() bool {
	return slices.ContainsFunc(g.events, func(e map[string]any) bool { return e["status"] != nil && e["status"] != "" })
}

func readCallbacks(files fs.FS) ([]golden, error) {
	var all []golden
	err := eachFile(files, "callbacks", "http", func(file string, list []note, rest []byte) error {
		g := golden{file: file}
		for _, n := range list {
			if err := g.take(n); err != nil {
				return err
			}
		}
		if len(g.events) == 0 {
			return errors.New(`the events are missing; want a comment line such as "# event: {"kind":"report","id":"42","status":"delivered"}"`)
		}
		if err := g.read(rest); err != nil {
			return err
		}
		all = append(all, g)
		return nil
	})
	return all, err
}

func (g *golden) take(n note) error {
	switch n.key {
	case "event":
		event, err := parseEvent(n)
		if err != nil {
			return err
		}
		g.events = append(g.events, event)
	case "signature":
		kind, rest, _ := strings.Cut(n.value, " ")
		named := kind == "header" || kind == "query" || kind == "none:"
		if (rest == "" || !named) && n.value != "remote_ip" {
			return fmt.Errorf(`signature %q: want "header NAME", "query NAME", "remote_ip", or "none: " and the reason`, n.value)
		}
		g.unsigned = kind == "none:"
		if !g.unsigned {
			g.signature = n.value
		}
	case "signature_covers":
		if n.value != "body" {
			return fmt.Errorf(`signature_covers %q: want "body"`, n.value)
		}
		g.covers = true
	case "status_word":
		g.status, g.newStatus = n.value, "ZQNEWSTATUS"
		if word, fresh, ok := strings.Cut(n.value, " => "); ok {
			g.status, g.newStatus = strings.TrimSpace(word), strings.TrimSpace(fresh)
		}
		if reason, ok := strings.CutPrefix(n.value, "none: "); ok && reason != "" {
			g.status, g.otherwise = "", true
		}
	case "remote_ip":
		g.callback.RemoteIP = n.value
	case "received_at":
		at, err := time.Parse(time.RFC3339, n.value)
		if err != nil {
			return fmt.Errorf("received_at: %w", err)
		}
		g.callback.ReceivedAt = at
	}
	return nil
}

func (g *golden) read(raw []byte) error {
	head, body := message(raw)
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return fmt.Errorf("not an HTTP request: %w", err)
	}
	g.callback.Method = request.Method
	g.callback.URL = "https://" + request.Host + request.URL.RequestURI()
	g.callback.Query = request.URL.Query()
	g.callback.Header = request.Header
	g.callback.Body = body
	if g.status != "" && !bytes.Contains(body, []byte(g.status)) && !strings.Contains(g.callback.URL, g.status) {
		return fmt.Errorf("status_word %q is in neither the body nor the URL", g.status)
	}
	return nil
}
