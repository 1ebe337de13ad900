package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/router/ledger"
)

const (
	// commentEvery is how often something is written, so that proxies and clients see
	// that the connection lives.
	commentEvery = 15 * time.Second
	// writeTimeout is how long a client may take to make room for an event. One that is
	// slower is cut off, and goes on where it was when it connects again.
	writeTimeout = 10 * time.Second
	// retryEvery is how often what has come is read again while the database is away.
	retryEvery = time.Second
)

// Stream is a client's stream of events.
type Stream struct {
	Source *Source
	Client *apikey.Client
	// Closing is closed when the gateway shuts down, Replaced when it has another
	// configuration: the client then connects again, with Last-Event-ID.
	Closing, Replaced <-chan struct{}
}

// ServeHTTP writes events until the client goes away. Without Last-Event-ID it begins
// with what comes next.
func (s *Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	after, _ := s.Source.End()
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		var err error
		if after, err = strconv.ParseInt(id, 10, 64); err != nil || after < 0 {
			problem.Bad(problem.Field{Pointer: "Last-Event-ID", Detail: "not the id of an event"}).Write(w)
			return
		}
		if err := s.Source.check(r.Context(), after); err != nil {
			streamProblem(err).Write(w)
			return
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	out := newWriter(w)
	out.place(after)
	comment := time.NewTicker(commentEvery)
	defer comment.Stop()
	for {
		_, moved := s.Source.End()
		var err error
		after, err = s.catchUp(r.Context(), out, after)
		if out.err != nil || errors.Is(err, ledger.ErrPruned) {
			return // the client connects again, with Last-Event-ID
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(retryEvery)
		}
		select {
		case <-moved:
		case <-again:
		case <-comment.C:
			out.place(after)
		case <-r.Context().Done():
			return
		case <-s.Closing:
			return
		case <-s.Replaced:
			return
		}
	}
}

func streamProblem(err error) *problem.Problem {
	if errors.Is(err, errAhead) {
		return problem.New(http.StatusGone, problem.NotFound, "there is no such event yet, as if the database was replaced by an older one; connect without Last-Event-ID")
	}
	if errors.Is(err, ledger.ErrPruned) {
		return problem.New(http.StatusGone, problem.NotFound, "events after this one are older than the retention; connect without Last-Event-ID")
	}
	p := problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the database cannot be used now")
	p.RetryAfter = time.Second
	return p
}

// catchUp writes what has come, and returns the last change that was looked at.
func (s *Stream) catchUp(ctx context.Context, out *writer, after int64) (int64, error) {
	for out.err == nil && ctx.Err() == nil {
		list, err := s.Source.told(ctx, after)
		if err != nil || len(list) == 0 {
			return after, err
		}
		for i := range list {
			if c := &list[i]; c.frame != nil && s.Client.Sees(c.namespace) {
				out.write(c.frame)
			}
		}
		out.flush()
		after = list[len(list)-1].seq
	}
	return after, nil
}

// writer writes to a client that must not take too long; after an error it writes
// nothing.
type writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func newWriter(w http.ResponseWriter) *writer {
	out := &writer{w: w, control: http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // the request was read; this is about its connection
	return out
}

// place tells the client where it is, though it may have seen no event: from there it goes
// on when it connects again. Proxies and clients see that the connection lives.
func (o *writer) place(seq int64) {
	o.write(fmt.Appendf(nil, ":\nid: %d\n\n", seq))
	o.flush()
}

func (o *writer) write(b []byte) {
	if o.err != nil {
		return
	}
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // without one the server's holds
	_, o.err = o.w.Write(b)
}

func (o *writer) flush() {
	if o.err == nil {
		o.err = o.control.Flush()
	}
}
