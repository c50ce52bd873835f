// What the file says about an image, in the words of geometry.
#pragma once
#include "dct/picture.h"
#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"

namespace fastdct::pipeline {

// All throw JpegError if the colours are not linear in Y, Cb and Cr.
dct::Picture picture_of(const jpeg::Frame& frame, bool upright);             // planes without blocks
dct::Picture picture_of(const jpeg::CoefficientImage& image, bool upright);  // a view of the blocks
dct::Picture picture_of(const jpeg::Image& image, bool upright);

}  // namespace fastdct::pipeline
