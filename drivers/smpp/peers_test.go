package smpp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/provider"
)

// nodeSMSC is the SMSC of .ci/smpp-peers, which runs on the node-smpp library.
type nodeSMSC struct {
	address string
	events  chan nodeEvent
}

type nodeEvent struct {
	Event      string
	Port       int
	ID, Text   string
	From, To   string
	TON        []int
	Coding     int
	Registered int
	Status     int
	UDH        []string
	SAR        []int
}

func startNode(t *testing.T) *nodeSMSC {
	t.Helper()
	dir := os.Getenv("ANYSMS_SMPP_NODE")
	if dir == "" {
		t.Skip("ANYSMS_SMPP_NODE is not set; .ci/run smpp sets it")
	}
	cmd := exec.Command("node", filepath.Join(dir, "smsc.js"))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	n := &nodeSMSC{events: make(chan nodeEvent, 1000)}
	t.Cleanup(func() {
		stdin.Close()
		defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
		_ = cmd.Wait()
	})
	go n.read(stdout)
	n.address = "127.0.0.1:" + strconv.Itoa(n.next(t, "listening").Port)
	return n
}

func (n *nodeSMSC) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var e nodeEvent
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			n.events <- e
		}
	}
}

// next waits for an event of a kind and drops the others.
func (n *nodeSMSC) next(t *testing.T, kind string) nodeEvent {
	t.Helper()
	for {
		select {
		case e := <-n.events:
			if e.Event == kind {
				return e
			}
		case <-time.After(time.Minute):
			require.Fail(t, "no event "+kind+" from the SMSC")
		}
	}
}

func (n *nodeSMSC) open(t *testing.T, change func(*smpp.Config)) *smpp.Provider {
	t.Helper()
	c := smpp.Config{Address: n.address, SystemID: "esme", Password: "secret"}
	if change != nil {
		change(&c)
	}
	p, err := smpp.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestPeerNodeSend(t *testing.T) {
	n := startNode(t)
	p := n.open(t, nil)
	for name, text := range drivertest.Texts() {
		t.Run(name, func(t *testing.T) {
			r, err := p.Send(within(t, time.Minute), message(text))
			require.NoError(t, err)
			got := n.next(t, "submit_sm")
			assert.Equal(t, text, got.Text)
			assert.Equal(t, got.ID, r.ID)
			assert.Equal(t, "306900000001", got.To)
			assert.Equal(t, "Example", got.From)
			assert.Equal(t, []int{5, 0, 1, 1}, got.TON)
			assert.Equal(t, 1, got.Registered)
		})
	}
	require.NoError(t, p.Check(t.Context()))
	require.NoError(t, p.Close())
	n.next(t, "unbind")
}

func TestPeerNodeSegments(t *testing.T) {
	n := startNode(t)
	for _, segments := range []string{"udh8", "udh16", "sar", "payload"} {
		for _, alphabet := range []string{"gsm7", "latin1"} {
			p := n.open(t, func(c *smpp.Config) { c.Segments, c.Alphabet = segments, alphabet })
			for name, text := range map[string]string{
				"GSM-7": strings.Repeat("abcdefghi@£", 30), "UCS-2": strings.Repeat("Καλημέρα🙂", 15), "Latin": strings.Repeat("Grüße ", 60),
			} {
				t.Run(segments+" "+alphabet+" "+name, func(t *testing.T) {
					r, err := p.Send(within(t, time.Minute), message(text))
					require.NoError(t, err)
					ids := provider.SegmentIDs(r.ID)
					whole := ""
					for i, id := range ids {
						got := n.next(t, "submit_sm")
						assert.Equal(t, id, got.ID)
						whole += got.Text
						switch segments {
						case "udh8", "udh16":
							require.Len(t, got.UDH, 1)
							assert.True(t, strings.HasSuffix(got.UDH[0], "0"+strconv.Itoa(len(ids))+"0"+strconv.Itoa(i+1)), got.UDH[0])
						case "sar":
							assert.Equal(t, []int{len(ids), i + 1}, got.SAR[1:])
						}
					}
					assert.Equal(t, text, whole)
				})
			}
		}
	}
}

func TestPeerNodeOutcomes(t *testing.T) {
	n := startNode(t)
	p := n.open(t, nil)
	for text, want := range map[string]provider.Code{
		"throttle": provider.RateLimited, "silent": provider.Indeterminate, "drop": provider.Indeterminate, "nack": provider.Indeterminate, "hello": "",
	} {
		ctx, cancel := context.WithCancel(within(t, time.Minute))
		result := make(chan error, 1)
		go func() { _, err := p.Send(ctx, message(text)); result <- err }() // after a drop it takes a new connection
		assert.Equal(t, text, n.next(t, "submit_sm").Text)
		if text == "silent" {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
		err := <-result
		cancel()
		assert.Equal(t, want, provider.CodeOf(err), "%s: %v", text, err)
	}
	wrong := n.open(t, func(c *smpp.Config) { c.Password = "wrong" })
	_, err := wrong.Send(within(t, time.Minute), message("hello"))
	assert.ErrorIs(t, err, provider.Unauthenticated)
}

func TestPeerNodeEvents(t *testing.T) {
	for _, receive := range []string{"transceiver", "receiver"} {
		t.Run(receive, func(t *testing.T) {
			n := startNode(t)
			p := n.open(t, func(c *smpp.Config) { c.SubmitIDs, c.ReportIDs, c.Receive = "hex", "decimal", receive })
			e := &ear{events: make(chan provider.Event, 10)}
			listened := make(chan error, 1)
			ctx := within(t, 2*time.Minute)
			go func() { listened <- p.Listen(ctx, e.handle) }()
			n.next(t, "bind_"+receive)

			e.refuse = 1
			_, err := p.Send(t.Context(), message("report"))
			require.NoError(t, err)
			assert.Equal(t, 0x64, n.next(t, "deliver_sm_resp").Status, "refused")
			r, err := p.Send(t.Context(), message("report"))
			require.NoError(t, err)
			report := e.next(t)
			assert.Zero(t, n.next(t, "deliver_sm_resp").Status)
			assert.Equal(t, r.ID, report.ID, "hex there, decimal here")
			assert.Equal(t, provider.StatusDelivered, report.Status)
			assert.Equal(t, time.Date(2026, 11, 21, 12, 1, 0, 0, time.UTC), report.At)

			_, err = p.Send(t.Context(), message("reply"))
			require.NoError(t, err)
			reply := e.next(t)
			assert.Equal(t, "Καλημέρα, ευχαριστώ 🙂", reply.Text)
			assert.Equal(t, "+306900000001", reply.From)
		})
	}
}
