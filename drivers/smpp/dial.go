package smpp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// countedConn counts the bytes that the system has taken. Below TLS, so that
// nothing of a message is on its way while the count stands still.
type countedConn struct {
	net.Conn
	taken atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.taken.Add(int64(n))
	return n, err
}

// line is a bound connection.
type line struct {
	net.Conn               // over TLS, if that is on
	raw      *countedConn  // below it
	in       *bufio.Reader // reads the Conn
	next     uint32        // the first free sequence number
}

// connect dials and binds within the connect timeout. Whatever fails, no
// message is involved: the error is Unavailable or Unauthenticated.
func (s *settings) connect(ctx context.Context, kind wire.Command) (*line, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.ConnectTimeout.Std(), fmt.Errorf("no connection within %s", s.ConnectTimeout))
	defer cancel()
	l, err := s.dial(ctx)
	if err == nil {
		err = s.bind(ctx, l, kind)
		if err != nil {
			l.Close()
		}
	}
	if err == nil {
		return l, nil
	}
	if _, coded := errors.AsType[*provider.Error](err); coded {
		return nil, err
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return nil, &provider.Error{Code: provider.Unavailable, Err: err}
}

func (s *settings) dial(ctx context.Context) (*line, error) {
	conn, err := s.Dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	l := &line{raw: &countedConn{Conn: conn}}
	l.Conn = l.raw
	if s.tls != nil {
		secure := tls.Client(l.raw, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		l.Conn = secure
	}
	l.in = bufio.NewReaderSize(l.Conn, 16<<10)
	return l, nil
}

// bind makes the bind request and reads its response.
func (s *settings) bind(ctx context.Context, l *line, kind wire.Command) error {
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := wire.Bind{SystemID: s.SystemID, Password: s.Password.Reveal(), SystemType: s.SystemType}
	if _, err := l.Write(request.Frame(kind, 1)); err != nil {
		return err
	}
	for {
		p, err := wire.Read(l.in)
		if err != nil {
			return fmt.Errorf("no response to bind: %w", err)
		}
		switch {
		case p.Command == wire.GenericNack:
			return s.bindFailure(max(p.Status, statusInvCmdID))
		case p.Command == kind.Response() && p.Status != 0:
			return s.bindFailure(p.Status)
		case p.Command == kind.Response():
			l.next = 2
			if !stop() {
				return context.Cause(ctx) // the deadline may have been set
			}
			return nil
		case p.Command == wire.EnquireLink:
			reply := wire.PDU{Command: wire.EnquireLink.Response(), Sequence: p.Sequence}
			if _, err := l.Write(reply.Append(nil)); err != nil {
				return err
			}
		}
	}
}
