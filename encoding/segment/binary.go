package segment

// Ports are the application ports of a binary message (3GPP TS 23.040
// §9.2.3.24.3 and .4).
type Ports struct {
	Destination, Source uint16
	Short               bool // 8-bit ports: only the low octets are sent
}

// BinaryOptions are options for splitting binary data. The zero value and nil mean
// 8-bit references and no ports.
type BinaryOptions struct {
	Ref16 bool
	Ports *Ports
}

func (o *BinaryOptions) header(concat bool) header {
	if o == nil {
		o = &BinaryOptions{}
	}
	return header{concat: concat, ref16: o.Ref16, ports: o.Ports}
}

// BinarySegment is one SMS of a binary message. Data is a slice of the message's
// data, not a copy.
type BinarySegment struct {
	Data          []byte
	Offset        int // of Data in the message
	Ref16         bool
	Ports         *Ports
	Number, Total int // Number counts from 1
}

// BinarySegments returns the number of segments for octets of binary data, and the
// octets that fit in each: 140 in a single segment, 134 if there are several, or 133
// with 16-bit references; fewer with ports. No data is one empty segment. The number
// may exceed MaxSegments, which cannot be sent.
func BinarySegments(octets int, opts *BinaryOptions) (segments, octetsPerSegment int) {
	if alone := maxOctets - opts.header(false).length(); octets <= alone {
		return 1, alone
	}
	each := maxOctets - opts.header(true).length()
	return (octets + each - 1) / each, each
}

// SplitBinary appends the segments of data. It allocates only if dst is too small.
// The error is a *TooManySegmentsError; dst is then returned unchanged.
func SplitBinary(dst []BinarySegment, data []byte, opts *BinaryOptions) ([]BinarySegment, error) {
	total, each := BinarySegments(len(data), opts)
	if total > MaxSegments {
		return dst, &TooManySegmentsError{Segments: total}
	}
	h := opts.header(total > 1)
	for number := 1; number <= total; number++ {
		offset := (number - 1) * each
		dst = append(dst, BinarySegment{
			Data:   data[offset:min(offset+each, len(data))],
			Offset: offset,
			Ref16:  h.ref16,
			Ports:  h.ports,
			Number: number,
			Total:  total,
		})
	}
	return dst, nil
}

// DataCoding returns TP-DCS: 0x04, 8-bit data (3GPP TS 23.038 §4).
func (s *BinarySegment) DataCoding() byte { return 0x04 }

// HasHeader reports whether TP-UDHI must be set.
func (s *BinarySegment) HasHeader() bool { return s.header().length() > 0 }

// AppendHeader appends the user data header, see [Segment.AppendHeader].
func (s *BinarySegment) AppendHeader(dst []byte, ref uint16) []byte {
	return s.header().append(dst, ref, s.Total, s.Number)
}

// AppendUserData appends TP-UD, the header and the data: at most 140 octets.
func (s *BinarySegment) AppendUserData(dst []byte, ref uint16) []byte {
	return append(s.AppendHeader(dst, ref), s.Data...)
}

// UserDataLength returns TP-UDL: octets including the header.
func (s *BinarySegment) UserDataLength() int { return s.header().length() + len(s.Data) }

func (s *BinarySegment) header() header {
	return header{concat: s.Total > 1, ref16: s.Ref16, ports: s.Ports}
}
