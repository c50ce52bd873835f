"""What scripts/gpu_check runs. Every part is a program of its own, since a kernel that fails takes its process along."""
