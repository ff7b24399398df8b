"""What customers say, whatever it is about."""

from __future__ import annotations

from django.views.generic import ListView

from sample_app.shop.models import Comment


class CommentListView(ListView):
    template_name = "shop/comment_list.html"
    paginate_by = 25
    queryset = Comment.objects.select_related("customer")


class FastCommentListView(CommentListView):
    queryset = Comment.objects.select_related("customer").prefetch_related("target")
