// Colour conversions of JPEG (JFIF 1.02); linear, so they hold for level-shifted samples and for coefficients
// alike.
#pragma once
#include <cstddef>

namespace fastdct::dct {

// Rows: Y, Cb, Cr of (R, G, B).
constexpr float kRgbToYcbcr[3][3] = {
    {0.299f, 0.587f, 0.114f},
    {static_cast<float>(-0.299 / 1.772), static_cast<float>(-0.587 / 1.772), 0.5f},
    {0.5f, static_cast<float>(-0.587 / 1.402), static_cast<float>(-0.114 / 1.402)},
};

// R = Y + 1.402 Cr, G = Y - kBlueInGreen Cb - kRedInGreen Cr, B = Y + 1.772 Cb.
constexpr float kRedOfCr = 1.402f;
constexpr float kBlueOfCb = 1.772f;
constexpr auto kGreenOfCb = static_cast<float>(0.114 * 1.772 / 0.587);
constexpr auto kGreenOfCr = static_cast<float>(0.299 * 1.402 / 0.587);

}  // namespace fastdct::dct
