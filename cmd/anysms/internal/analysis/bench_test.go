package analysis_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
)

func BenchmarkCampaign(b *testing.B) {
	var content bytes.Buffer
	content.WriteString("to,text\n")
	for i := range 100_000 {
		switch i % 10 {
		case 0:
			fmt.Fprintf(&content, "+30690%07d,Το δέμα σας %d φτάνει σήμερα\n", i, i)
		case 1:
			fmt.Fprintf(&content, "+30690%07d,\"Your parcel’s here, %d\"\n", i, i)
		default:
			fmt.Fprintf(&content, "+30690%07d,Your parcel %d arrives today between 10 and 12\n", i, i)
		}
	}
	p := prices(b, "a,GR,,EUR,0.05\nb,,,EUR,0.04\nc,,,EUR,0.03\n", "a", "b", "c")
	b.Run("to,text,3 prices", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			_, err := analyse(bytes.NewReader(content.Bytes()), analysis.Options{
				Name: "f.csv", TextColumn: "text", ToColumn: "to", Number: number, Prices: p})
			require.NoError(b, err)
		}
	})
	b.Run("ref-encoding-csv", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(content.Bytes()))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err != nil {
					break
				}
			}
		}
	})
}

func BenchmarkJSONLines(b *testing.B) {
	var content bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&content, `{"to":"+30690%07d","text":"Your parcel %d arrives today between 10 and 12","id":%d}`+"\n", i, i, i)
	}
	b.Run("File", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			_, err := analyse(bytes.NewReader(content.Bytes()), analysis.Options{
				Name: "f.jsonl", TextColumn: "text", ToColumn: "to", Number: number})
			require.NoError(b, err)
		}
	})
	b.Run("ref-encoding-json", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			decoder := json.NewDecoder(bytes.NewReader(content.Bytes()))
			for {
				var row struct{ To, Text string }
				if err := decoder.Decode(&row); err != nil {
					break
				}
			}
		}
	})
}
