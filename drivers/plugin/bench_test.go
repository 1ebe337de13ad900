package plugin_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin"
)

var _ = net.Listen
var _ = filepath.Join
var _ grpc.ServiceDesc

func BenchmarkSend(b *testing.B) {
	for _, unary := range []bool{true, false} {
		for _, tls := range []string{plugin.TLSAuto, plugin.TLSOff} {
			c := config(b, "memory", `{"ledger":-1}`)
			c.Unary, c.TLS = unary, tls
			for _, inFlight := range []int{1, 64} {
				b.Run(fmt.Sprintf("unary=%t/tls=%s/%d", unary, tls, inFlight), func(b *testing.B) {
					p := open(b, c)
					m := message("Your code is 1234")
					b.SetParallelism((inFlight + 1) / 2)
					b.ReportAllocs()
					if inFlight == 1 {
						for b.Loop() {
							_, err := p.Send(context.Background(), m)
							require.NoError(b, err)
						}
						return
					}
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							if _, err := p.Send(context.Background(), m); err != nil {
								b.Error(err)
							}
						}
					})
				})
			}
		}
	}
}
