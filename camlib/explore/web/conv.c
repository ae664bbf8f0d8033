// One layer of lenet_gap for WebAssembly: convolution, max-pool, scale and shift, ReLU. SIMD, no library.
//
//   in       rows of in_width x cin floats, with a border of k/2 zeros already there
//   weights  [cout/8][k][k * cin][8]; scale, shift [cout], of batch normalisation: after the pool, as in the network
//   out      rows of out_width x cout floats, with a border of out_pad; only the cells in `spans` are written
//   spans    for each of `rows` rows of the output the columns [x0, x1) to compute
//   pool     1: each cell is the largest of 2 x 2 neighbours, 0: none. relu 1: max(0, .), 0: as it is
//
// Four pixels by eight channels are summed at once; a row's last group of four repeats its last pixel.
#include <wasm_simd128.h>

#define LANES 8
#define FOUR(each) each(0) each(1) each(2) each(3)

#define ADD(i)                                                                                                        \
  {                                                                                                                   \
    v128_t x = wasm_v128_load32_splat(p##i + j);                                                                      \
    a##i = wasm_f32x4_add(a##i, wasm_f32x4_mul(x, w0));                                                               \
    c##i = wasm_f32x4_add(c##i, wasm_f32x4_mul(x, w1));                                                               \
  }
#define STORE(i)                                                                                                      \
  if (i < cells) {                                                                                                    \
    v128_t y0 = wasm_f32x4_add(wasm_f32x4_mul(a##i, s0), b0), y1 = wasm_f32x4_add(wasm_f32x4_mul(c##i, s1), b1);      \
    if (relu) y0 = wasm_f32x4_pmax(zero, y0), y1 = wasm_f32x4_pmax(zero, y1);                                         \
    wasm_v128_store(o + i * cout, y0), wasm_v128_store(o + i * cout + 4, y1);                                         \
  }

__attribute__((export_name("conv"))) void conv(const float *in, int in_width, int cin, int k, const float *weights,
                                               const float *scale, const float *shift, int cout, float *out,
                                               int out_width, int out_pad, int pool, int relu, const int *spans,
                                               int rows) {
  const int n = k * cin, stride = in_width * cin;
  const v128_t zero = wasm_f32x4_splat(0);
  for (int co = 0; co < cout; co += LANES) {
    const float *block = weights + co * k * n;
    const v128_t s0 = wasm_v128_load(scale + co), s1 = wasm_v128_load(scale + co + 4);
    const v128_t b0 = wasm_v128_load(shift + co), b1 = wasm_v128_load(shift + co + 4);
    for (int y = 0; y < rows; y++) {
      const int x1 = spans[2 * y + 1];
      for (int x = spans[2 * y]; x < x1; x += pool ? 1 : 4) {
        const int left = x1 - x, cells = pool ? 1 : left < 4 ? left : 4;
        const float *p0 = in + (pool ? 2 : 1) * (y * stride + x * cin);
        const float *p1 = pool || cells > 1 ? p0 + cin : p0;
        const float *p2 = pool ? p0 + stride : cells > 2 ? p1 + cin : p1;
        const float *p3 = pool || cells > 3 ? p2 + cin : p2;
        v128_t a0 = zero, a1 = zero, a2 = zero, a3 = zero, c0 = zero, c1 = zero, c2 = zero, c3 = zero;
        const float *w = block;
        for (int row = 0; row < k; row++) {
          for (int j = 0; j < n; j++, w += LANES) {
            const v128_t w0 = wasm_v128_load(w), w1 = wasm_v128_load(w + 4);
            FOUR(ADD)
          }
          p0 += stride, p1 += stride, p2 += stride, p3 += stride;
        }
        if (pool) {
          a0 = wasm_f32x4_pmax(wasm_f32x4_pmax(a0, a1), wasm_f32x4_pmax(a2, a3));
          c0 = wasm_f32x4_pmax(wasm_f32x4_pmax(c0, c1), wasm_f32x4_pmax(c2, c3));
        }
        float *o = out + ((y + out_pad) * out_width + x + out_pad) * cout + co;
        FOUR(STORE)
      }
    }
  }
}
