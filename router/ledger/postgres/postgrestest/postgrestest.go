// Package postgrestest gives a test a schema of its own on a real PostgreSQL server.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Schema makes an empty schema on the server that the environment variable
// ANYSMS_POSTGRES names, and returns its address as a connection URL. Without that
// variable the test is skipped. The schema is left behind: the server is the test
// run's own.
func Schema(t testing.TB) string {
	t.Helper()
	server := os.Getenv("ANYSMS_POSTGRES")
	if server == "" {
		t.Skip("ANYSMS_POSTGRES names no server; .ci/run postgres starts one")
	}
	address, err := newSchema(t.Context(), server)
	for until := time.Now().Add(time.Minute); isStarting(err) && time.Now().Before(until); { // a test before has killed it
		time.Sleep(100 * time.Millisecond)
		address, err = newSchema(t.Context(), server)
	}
	if err != nil {
		t.Fatalf("a schema for the test: %v", err)
	}
	return address
}

// isStarting reports whether the server is there, but not ready yet.
func isStarting(err error) bool {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failed.Code == "57P03" // cannot_connect_now
}

func newSchema(ctx context.Context, server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	name := fmt.Sprintf("anysms_%d", time.Now().UnixNano())
	if _, err := conn.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String(), nil
}
