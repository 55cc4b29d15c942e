// Colours and discs in an array of pixels, each 0xffbbggrr.

// The pixels of a disc: how far each is from the middle one in an array of rows of that width, and
// how much it covers, 0 to 256.
function disc(radius, strength, width) {
  const reach = Math.ceil(radius);
  const steps = [], covers = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const cover = Math.min(1, radius + 0.5 - Math.hypot(x, y)) * strength;
      if (cover > 0) {
        steps.push(y * width + x);
        covers.push(Math.round(cover * 256));
      }
    }
  }
  return { steps: Int32Array.from(steps), covers: Int32Array.from(covers) };
}

// Lay a colour over the pixels of a disc. Blue and red are mixed in one go.
function stamp(pixels, at, { steps, covers }, colour) {
  const sides = colour & 0xff00ff, green = colour & 0x00ff00;
  for (let i = 0; i < steps.length; i++) {
    const before = pixels[at + steps[i]], cover = covers[i], rest = 256 - cover;
    const mixed = (Math.imul(sides, cover) + Math.imul(before & 0xff00ff, rest)) >>> 8;
    const mixedGreen = (green * cover + (before & 0x00ff00) * rest) >>> 8;
    pixels[at + steps[i]] = 0xff000000 | (mixed & 0xff00ff) | (mixedGreen & 0x00ff00);
  }
}

// "#rrggbb" as a pixel.
function packed(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

function cssColour(pixel) {
  return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
}

// 256 pixels, from the first of some colours to the last.
function rampOf(colours) {
  const stops = colours.map(packed);
  return Uint32Array.from({ length: 256 }, (_, shade) => {
    const place = (shade / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(place), stops.length - 2);
    const share = place - stop;
    const at = (colour, bits) => (colour >> bits) & 255;
    const mix = (bits) =>
      Math.round(at(stops[stop], bits) * (1 - share) + at(stops[stop + 1], bits) * share);
    return (0xff000000 | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
  });
}
